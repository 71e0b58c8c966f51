"""kill -9 at random moments, and disks that fail: a few of each here, all by ``make faults``."""

from pathlib import Path

import pytest

from tests.faults import disks
from tests.faults.fork_server import Call, ForkServer
from tests.faults.kills import job_of, survive
from tests.faults.kinds import KINDS, Kind
from tests.long import core

pytestmark = pytest.mark.faults


def kind(name: str) -> Kind:
    (known,) = [each for each in KINDS if each.name == name]
    return known


KILLED = ("sweep", "sweep by the plain loop", "plan search", "finetune")


@pytest.mark.parametrize("name", core(KILLED, {*KILLED} - {"sweep by the plain loop"}))
def test_killed_jobs_lose_and_repeat_nothing(
    name: str, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    for seed in range(9):  # a job may end before its moment comes
        came = survive(server, workplace, kind(name), tmp_path / str(seed), kills=2, seed=seed)
        assert (came.lost, came.repeated, came.same) == (0, 0, True)
        if came.kills:
            return
    pytest.fail("no job was killed in time")


needs_mount = pytest.mark.skipif(not disks.can_mount(), reason="only root can mount a disk")


@needs_mount
@pytest.mark.parametrize("name", ["sweep", "verify"])
def test_on_a_full_disk_nothing_is_lost(
    name: str, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    plain = disks.undisturbed(server, workplace, kind(name), tmp_path / "plain")
    came = disks.fill(server, workplace, plain, kind(name), tmp_path / "full", 5 * 4096)
    assert came.refused
    assert "but the disk is full. Free some space" in came.sentence
    assert (came.unforeseen, came.lost, came.repeated, came.same) == (False, 0, 0, True)


@needs_mount
@pytest.mark.parametrize("name", ["verify", "pareto"])
def test_on_a_read_only_disk_nothing_changes(
    name: str, server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    came = disks.lock(server, workplace, kind(name), tmp_path / "locked")
    assert came.refused
    assert "but the disk is read-only" in came.sentence
    assert (came.unforeseen, came.lost) == (False, 0)


def test_a_study_that_is_taken_away_is_not_begun_again_in_pieces(
    server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    """Removed between the model's loading and the first row: it was made anew without manifest."""
    script = (
        "import importlib, shutil\n"
        "v = importlib.import_module('prunescope.sweep.verify_plan')\n"
        "measure = v.Verifier.measure_all\n"
        "def gone(*a, **k):\n"
        "    row = measure(*a, **k); shutil.rmtree('study'); return row\n"
        "v.Verifier.measure_all = gone\n"
        "import prunescope as ps; ps.open('study').verify('half')\n"
    )
    bad = disks.copied(workplace, tmp_path / "here")
    ended = server.run(Call(("-c", script), str(bad)))
    assert ended.code == 1, ended
    assert "study.json to stay while this ran, but it was moved or removed" in ended.err
    assert not (bad / "study").exists()


def test_little_memory_is_a_sentence(server: ForkServer, workplace: Path, tmp_path: Path) -> None:
    came = disks.starve(server, workplace, kind("verify"), tmp_path / "here", 4 << 20)
    assert not came.unforeseen, came


def test_the_ledger_is_of_the_same_rows_as_the_study(
    server: ForkServer, workplace: Path, tmp_path: Path
) -> None:
    """The suite's twin: a row that is taken away is missed, and so is half a document."""
    from tests.faults.kills import lost_of

    here = disks.copied(workplace, tmp_path / "here")
    words, ledger = job_of(kind("verify"), here, 0), here / "ledger"
    assert server.run(Call(words, str(here), ledger=str(ledger))).code == 0
    assert lost_of(here, kind("verify"), ledger) == 0
    for path in (here / "study" / "verifications").glob("*.parquet"):
        path.unlink()
    assert lost_of(here, kind("verify"), ledger) == 1
    (here / "study" / "plans" / "half.json").write_text('{"name": ')
    assert lost_of(here, kind("verify"), ledger) == 2
