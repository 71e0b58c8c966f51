"""What commands say of a model and data before minutes are spent on them."""

import pytest

from prunescope.store.folder import StudyFolder
from tests.analysis.cli.command import Command
from tests.conftest import TINY

NOISY = """

class Noisy(Tiny):
    def forward(self, x):
        return super().forward(torch.nn.functional.dropout(x, 0.3, training=True))
"""


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(TINY + NOISY)
    return Command(monkeypatch, capsys)


def sweep(command, model, *more):
    return (
        command, "sweep", f"net.py:{model}", "--data", "net.py:splits", "--study", "s",
        "--sparsities", "0.5", "--layers", "mix", *more,
    )  # fmt: skip


def test_a_sweep_begins_with_the_checks_and_keeps_them(command, tmp_path) -> None:
    run, *arguments = sweep(command, "build")
    result = run(*arguments)
    assert result.code == 0, result
    first = result.err.strip().splitlines()[0]
    assert first == "Checked before measuring: 9 of 10 checks passed."  # nobody has trained it
    assert "WARNING: The dense score is" in result.err
    kept = StudyFolder.open(tmp_path / "s").manifest.soundness
    assert [check.name for check in kept if check.state != "passed"] == ["chance"]
    shown = command("show", "s").out
    assert "9 of 10 checks passed" in shown
    assert "no better than chance" in " ".join(shown.split())


def test_a_random_model_is_refused_unless_it_is_accepted(command, tmp_path) -> None:
    run, *arguments = sweep(command, "Noisy")
    said = run.refused(*arguments)
    assert "draws random numbers" in said
    assert "--accept repeated" in said
    assert not (tmp_path / "s").exists()
    result = run(*arguments, "--accept", "repeated")
    assert result.code == 0, result
    assert "FAILED: The dense network ran twice" in result.err
    assert "check to accept" in run.refused(*arguments, "--accept", "everything")


def test_inspect_with_data_lists_every_check(command) -> None:
    out = " ".join(command("inspect", "net.py:build", "--data", "net.py:splits").out.split())
    assert "passed: The dense network ran twice on 32 samples: the same answers" in out
    assert "passed: No sample is in two splits." in out
    made = command("inspect", "net.py:Noisy", "--data", "net.py:splits", "--json").json
    states = {check["name"]: check["state"] for check in made["soundness"]}
    assert states["repeated"] == "refused"
    other = command(
        "inspect", "net.py:build", "--data", "net.py:splits", "--metric", "top-5"
    ).out  # fmt: skip
    assert "top-5 of 3 classes is right whatever" in " ".join(other.split())
