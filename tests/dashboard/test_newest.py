"""What grows is held once, in its newest form, however many look at it."""

import gc
import itertools
import threading
import weakref
from pathlib import Path
from queue import SimpleQueue

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import loaders, page_header, turns
from prunescope.dashboard.shared.newest import Newest
from prunescope.store.folder import StudyFolder
from tests.dashboard.conftest import Digits
from tests.dashboard.page import Open


class Value:
    """Something that tells whether anybody still holds it."""


def test_a_value_is_made_when_its_stamp_changes_and_then_held_alone() -> None:
    newest: Newest[Value] = Newest()
    befores: list[bool] = []

    def make(before: Value | None) -> Value:
        befores.append(before is not None)
        return Value()

    first = newest.get(lambda: 1, make)
    assert newest.get(lambda: 1, make) is first
    gone = weakref.ref(first)
    del first
    newest.get(lambda: 2, make)
    gc.collect()
    assert gone() is None
    assert befores == [False, True]


def test_a_making_that_fails_leaves_the_value_before() -> None:
    newest: Newest[str] = Newest()
    newest.get(lambda: 1, lambda _: "first")

    def fail(_: str | None) -> str:
        raise OSError("the disk is away")

    with pytest.raises(OSError, match="away"):
        newest.get(lambda: 2, fail)
    assert newest.get(lambda: 2, lambda before: f"after {before}") == "after first"


def test_those_who_wait_share_one_making_also_where_the_stamp_goes_on_changing() -> None:
    """The first makes for those who asked before; of the others, one makes for all."""
    ticks, stamps = itertools.count(), itertools.count()
    ticked, go = threading.Semaphore(0), threading.Event()
    came: SimpleQueue[int] = SimpleQueue()
    made: list[int] = []

    def clock() -> float:
        ticked.release()
        return next(ticks)

    newest: Newest[int] = Newest(clock)

    def make(_: int | None) -> int:
        go.wait(30)
        made.append(len(made))
        return len(made)

    def ask() -> None:
        came.put(newest.get(lambda: next(stamps), make))

    first = threading.Thread(target=ask)
    first.start()
    assert all(ticked.acquire(timeout=30) for _ in ("asked", "looked"))
    others = [threading.Thread(target=ask) for _ in range(8)]
    for other in others:
        other.start()
    assert all(ticked.acquire(timeout=30) for _ in others)
    go.set()
    for thread in (first, *others):
        thread.join(30)
    assert sorted(came.get_nowait() for _ in range(9)) == [1, *[2] * 8]


def test_a_window_on_a_plan_holds_no_measurements_that_are_not_the_newest(
    studies: Path, study: StudyFolder, digits: Digits, open_page: Open
) -> None:
    window: AppTest = open_page(studies, "plan")
    assert not window.exception
    before = weakref.ref(loaders.measured(study))
    study.measurements.append([digits.measurement(0, "magnitude", 0.5)])
    assert len(loaders.measured(study).frame) == 25
    gc.collect()
    assert before() is None


def test_a_page_runs_in_its_turn_and_gives_it_back(
    studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = threading.BoundedSemaphore(1)
    free: list[bool] = []

    def chosen() -> StudyFolder | None:
        free.append(turn.acquire(blocking=False))
        return None

    monkeypatch.setattr(turns, "turn", turn)
    monkeypatch.setattr(page_header, "required", chosen)
    assert not open_page(studies, "plan").exception
    assert free == [False]
    assert turn.acquire(blocking=False)
