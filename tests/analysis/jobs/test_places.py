"""A study that is moved, copied or sent starts its jobs again where it lies, old ones too."""

import shutil
from pathlib import Path

import pytest

from prunescope.errors import BadReference
from prunescope.jobs import Job, jobs, restart, start
from prunescope.jobs.records import JOB, JobRecord
from prunescope.jobs.study_paths import names_files_beside, without_place
from prunescope.store.json_documents import read_document, write_document
from tests.analysis.jobs.test_jobs import WORKER, ended


def old_job(study: Path, arguments: tuple[str, ...], directory: Path) -> None:
    """What a version of before wrote: absolute paths and nothing about the starter."""
    record = JobRecord(arguments, 0.0, str(directory))
    write_document(study / "jobs" / f"0001-{arguments[0]}" / JOB, record)


def again(study: Path) -> Job:
    job = restart(jobs(study)[0], WORKER)
    ended(job)
    return job


@pytest.mark.parametrize("copied", [True, False])
def test_an_old_record_goes_on_in_the_new_place(tmp_path: Path, copied: bool) -> None:
    old, new = tmp_path / "old" / "lenet", tmp_path / "new" / "lenet"
    asked = ("sweep", "a.py:build", "--data", "a.py:splits", "--study", str(old), "--layers", "x")
    old_job(old, asked, tmp_path)
    before = sorted(old.rglob("*"))
    new.parent.mkdir()
    (shutil.copytree if copied else shutil.move)(old, new)
    assert jobs(new)[0].arguments == (*asked[:5], "{study}", "--layers", "x")
    job = again(new)
    assert job.folder.parent.parent == new
    assert f"--study {new} --layers x" in job.log()
    assert read_document(JobRecord, job.folder / JOB).directory == str(tmp_path)
    assert sorted(old.rglob("*")) == (before if copied else [])  # nothing is written there


def test_files_within_and_relative_paths_of_the_study_move_with_it(tmp_path: Path) -> None:
    study = tmp_path / "new"
    for written in (str(tmp_path / "runs/lenet"), "runs/lenet", "runs/lenet/"):
        plan = written.rstrip("/") + "/drafts/1.json"
        old_job(study, ("verify", written, plan, "--threads", "2"), tmp_path)
        assert jobs(study)[0].command_line == [
            "verify", str(study), str(study / "drafts/1.json"), "--threads", "2",
        ]  # fmt: skip


def test_what_only_begins_alike_stays(tmp_path: Path) -> None:
    record = JobRecord(("verify", "/a/lenet", "/a/lenet-2/p.json"), 0.0, "/a")
    assert without_place(record).arguments == ("verify", "{study}", "/a/lenet-2/p.json")
    other = JobRecord(("quick", "/a/lenet", "--flag"), 0.0, "/a")
    assert without_place(other) == other


def test_a_directory_within_the_study_moves_with_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    job = start(old, ("quick", "plan.json"), command=WORKER, directory=old)
    ended(job)
    assert read_document(JobRecord, job.folder / JOB).directory == "{study}"
    shutil.move(old, new)
    assert ended(again(new)) == "done"


def test_a_directory_that_is_gone_is_said_where_it_matters(tmp_path: Path) -> None:
    study, place = tmp_path / "study", tmp_path / "work"
    place.mkdir()
    for arguments in (("sweep", "nets.py:build", "--study", str(study)), ("sweep", "sample:mlp")):
        ended(start(study, arguments, command=WORKER, directory=place))
    place.rmdir()
    sample, own = jobs(study)
    assert ended(restart(sample, WORKER)) == "done"  # no path of it begins there
    with pytest.raises(BadReference, match=r"folder .*work for nets\.py:build, .* but it is gone"):
        restart(own, WORKER)


@pytest.mark.parametrize(
    ("argument", "is_one"),
    [
        ("nets/a.py:build", True), ("package.module:build", True), ("net.pt2", True),
        ("imagefolder:photos", True), ("imagefolder:/photos", False), ("/a/net.pt2", False),
        ("sample:lenet5", False), ("torchvision:resnet18", False), ("magnitude@2:4", False),
        ("0.1:0.9:0.1", False), ("layer1.0.conv1", False), ("{study}/plans/a.json", False),
        ("--data", False), ("90s", False), ("magnitude,random", False),
    ],
)  # fmt: skip
def test_which_arguments_mean_files_of_a_directory(argument: str, is_one: bool) -> None:
    assert bool(names_files_beside(["sweep", argument])) == is_one
