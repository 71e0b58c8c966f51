"""Jobs of all studies in a folder stand in one line; so many work at a time."""

import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from prunescope.errors import BadValue
from prunescope.jobs import ACTIVE, Job, Queue, jobs, queue, restart, start
from prunescope.jobs.queue import LIMIT, LONGEST, require_room
from prunescope.jobs.records import JOB, JobRecord
from prunescope.store.json_documents import write_document
from tests.analysis.jobs.test_jobs import WORKER, ended, until


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of studies whose jobs end with the test."""
    made = tmp_path / "studies"
    yield made
    for study in made.glob("*"):
        for job in jobs(study):
            job.cancel()
    end = time.monotonic() + 30
    while len(queue(made)):
        assert time.monotonic() < end
        time.sleep(0.1)


def launch(study: Path, *arguments: str) -> Job:
    return start(study, arguments, command=WORKER)


def test_one_job_of_all_studies_works_at_a_time(folder: Path) -> None:
    first, second, third = (launch(folder / name, "wait") for name in "abc")
    until(first, lambda state: state == "running")
    end = time.monotonic() + 30
    while third.snapshot().message != "waiting for 2 jobs of other studies":
        assert time.monotonic() < end
        time.sleep(0.05)
    line = queue(folder)
    assert [job.folder for job in line.running] == [first.folder]
    assert [job.folder for job in line.waiting] == [second.folder, third.folder]
    assert len(line) == 3
    second.cancel()
    assert ended(second) == "cancelled"
    first.cancel()
    until(third, lambda state: state == "running")


def test_the_owner_may_let_more_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT, "2")
    first, second, third = (launch(folder / name, "wait") for name in "abc")
    for job in (first, second):
        until(job, lambda state: state == "running")
    assert third.state() == "waiting"
    first.cancel()
    until(third, lambda state: state == "running")


def test_no_order_of_endings_lets_more_than_the_limit_work(tmp_path: Path) -> None:
    """Play every order in which jobs of three studies can begin and end, by the rule alone."""
    made = [
        Job(
            tmp_path / study / "jobs" / f"{number:04d}-x", f"{number:04d}-x", "x", ("x",), float(at)
        )
        for at, (study, number) in enumerate(product("abc", (1, 2)))
    ]
    for limit in (1, 2, 3):
        seen = set()
        todo = [(frozenset[int](), frozenset[int]())]  # which work, which have ended
        most = 0
        while todo:
            now = todo.pop()
            if now in seen:
                continue
            seen.add(now)
            working, over = now
            most = max(most, len(working))
            line = Queue(
                tuple(made[i] for i in sorted(working)),
                tuple(job for i, job in enumerate(made) if i not in working | over),
            )
            for i, job in enumerate(made):
                if i in working:
                    todo.append((working - {i}, over | {i}))
                elif i not in over:
                    own = [each for each in line.ahead_of(job)
                           if each.folder.parent == job.folder.parent]  # fmt: skip
                    if not own and line.lets(job, limit):
                        todo.append((working | {i}, over))
        assert most == limit  # reached, never passed


def test_a_full_line_takes_no_more(tmp_path: Path) -> None:
    for number in range(1, LONGEST + 1):
        record = JobRecord(("sweep", str(number)), time.time())
        write_document(tmp_path / "a" / "jobs" / f"{number:04d}-sweep" / JOB, record)
    with pytest.raises(BadValue, match=f"fewer than {LONGEST} waiting jobs"):
        require_room(tmp_path / "b")
    with pytest.raises(BadValue, match="Cancel some"):
        launch(tmp_path / "b", "quick")
    assert jobs(tmp_path / "b") == ()


def test_a_job_says_who_started_it(folder: Path) -> None:
    job = start(folder / "a", ["quick"], command=WORKER, owner="Ada")
    assert job.owner == "Ada"
    assert ended(job) == "done"
    assert [each.owner for each in jobs(folder / "a")] == ["Ada"]
    again = restart(job, command=WORKER, owner="Grace")
    assert again.owner == "Grace"
    assert ended(again) not in ACTIVE


def test_jobs_of_before_owners_have_none(tmp_path: Path) -> None:
    path = tmp_path / "jobs" / "0001-sweep" / JOB
    path.parent.mkdir(parents=True)
    path.write_text('{"arguments": ["sweep"], "created": 1.0}')
    assert jobs(tmp_path)[0].owner == ""
