"""Commands and jobs run code that a study names only with the owner's word."""

import shutil
from pathlib import Path

import pytest

from prunescope.jobs import start
from prunescope.store.trust import MODELS
from tests.analysis.cli.command import Command
from tests.analysis.jobs.test_jobs import ended

TRACE = "\nfrom pathlib import Path\nPath(__file__).with_name('ran').touch()\n"


@pytest.fixture
def sent(
    tmp_path: Path, tiny_file: Path, prunescope: Command, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A study that somebody made elsewhere, whose model is a file that leaves a trace."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    tiny_file.write_text(tiny_file.read_text() + TRACE)
    made = prunescope(
        "sweep", f"{tiny_file}:build", "--data", f"{tiny_file}:splits", "--sparsities", "0.5",
        "--study", tmp_path / "made" / "tiny",
    )  # fmt: skip
    assert made.code == 0, made.err
    made = prunescope("verify", tmp_path / "made" / "tiny", _plan(tmp_path / "made" / "tiny"))
    assert made.code == 0, made.err  # whoever typed the reference needs no other word
    study = Path(shutil.copytree(tmp_path / "made" / "tiny", tmp_path / "sent" / "tiny"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    (tmp_path / "ran").unlink()
    return study


def test_commands_on_a_study_from_elsewhere_run_none_of_its_code(
    sent: Path, prunescope: Command, tmp_path: Path
) -> None:
    plan = _plan(sent)
    for arguments in (
        ["sweep", "--study", sent, "--sparsities", "0.7"], ["verify", sent, plan],
        ["calibrate", sent], ["time", sent], ["time", sent, plan], ["finetune", sent, plan],
        ["export", sent, plan, "-o", tmp_path / "out"],
    ):  # fmt: skip
        said = prunescope.refused(*arguments)
        assert "tiny.py:splits" in said, arguments  # the network is the study's own
        assert "prunescope trust STUDY" in said
    assert prunescope("show", sent).code == 0  # reading runs nothing
    assert not (tmp_path / "ran").exists()


def test_trust_says_what_it_is_asked_for_and_then_all_run(
    sent: Path, prunescope: Command, tmp_path: Path
) -> None:
    said = prunescope("trust", sent, "--yes")
    assert said.code == 0
    assert f"{tmp_path}/tiny.py:splits" in "".join(said.out.split())
    assert "tiny.py:build" not in said.out
    assert not (tmp_path / "ran").exists()
    assert prunescope("verify", sent, _plan(sent)).code == 0


def test_a_job_runs_only_what_is_vouched_for_or_offered(
    sent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.py"
    typed = ["sweep", f"{file}:build", "--data", f"{file}:splits", "--sparsities", "0.5"]
    for study, arguments in (
        (sent, ["sweep", "--study", str(sent), "--sparsities", "0.7"]),
        (tmp_path / "new", [*typed, "--study", str(tmp_path / "new")]),  # by a visitor, not typed
    ):
        job = start(study, arguments)
        assert ended(job) == "failed"
        assert "prunescope trust STUDY" in (job.snapshot().error or "")
    assert not (tmp_path / "ran").exists()
    monkeypatch.setenv(MODELS, str(tmp_path))
    again = start(tmp_path / "new", [*typed, "--study", str(tmp_path / "new"), "--seeds", "0"])
    assert ended(again) == "done", again.log()


def _plan(study: Path) -> Path:
    from prunescope.store.folder import StudyFolder
    from prunescope.study.plan import Choice, Plan

    opened = StudyFolder.open(study)
    return opened.save_plan(
        Plan("mine", opened.manifest.fingerprint, {"conv": Choice("magnitude", 0.5)})
    )
