"""Lanes and threads are chosen by time, once, and only where a long sweep lies ahead."""

import threading
import time
from dataclasses import replace

import pytest
import torch

from prunescope.bench.workbench import Workbench
from prunescope.replay import FrontierEngine
from prunescope.replay.threads import Chooser, Share, shares
from prunescope.study import Grid, Method
from prunescope.sweep.work_list import points

AHEAD = 1e9


@pytest.mark.parametrize("cores", [1, 2, 3, 6, 8, 96])
def test_every_share_keeps_within_the_cores(cores: int) -> None:
    offered = shares(cores)
    assert offered[0] == Share(cores, 1)
    assert offered[-1] == Share(1, cores)
    assert all(share.lanes * share.threads <= cores for share in offered)


class Work:
    """Takes its time; alone among lanes, or at the same time as others."""

    def __init__(self, shared: bool) -> None:
        self._lock = threading.Lock()
        self._shared = shared
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self._shared:
            time.sleep(0.02)
        else:
            with self._lock:  # lanes stand in each other's way: each waits for all
                time.sleep({1: 0.02, 2: 0.01, 4: 0.002}[torch.get_num_threads()])


@pytest.mark.parametrize(("shared", "best"), [(True, Share(4)), (False, Share(1, 4))])
def test_the_fastest_share_is_taken(shared: bool, best: Share) -> None:
    before, chooser = torch.get_num_threads(), Chooser(4)
    chooser.settle(Work(shared), AHEAD)
    assert chooser.share == best
    assert str(best) in chooser.summary
    assert torch.get_num_threads() == before


def test_it_is_timed_once_and_not_for_little_work() -> None:
    chooser, work = Chooser(2), Work(True)
    chooser.settle(work, 10)
    assert (work.calls, chooser.share, chooser.summary) == (0, Share(2), "")
    chooser.settle(work, AHEAD)
    told, calls = chooser.summary, work.calls
    chooser.settle(work, AHEAD)
    assert (chooser.summary, work.calls) == (told, calls)


def test_one_core_leaves_no_choice() -> None:
    work = Work(True)
    Chooser(1).settle(work, AHEAD)
    assert work.calls == 0


def test_a_long_sweep_measures_and_tells(
    tiny_bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = replace(tiny_bench, batch=2)
    wanted = points(Grid((Method("magnitude"),), (0.2, 0.4, 0.6, 0.8)), bench.manifest)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    expected = dict(FrontierEngine(bench, lanes=1).outcomes(0, 60, wanted))
    monkeypatch.setattr("prunescope.replay.threads._WORTH", 1)
    engine = FrontierEngine(bench)
    found = dict(engine.outcomes(0, 60, wanted))
    assert "the time with" in engine.spent
    for point, outcome in expected.items():
        assert found[point].score == pytest.approx(outcome.score, rel=1e-5)  # type: ignore[union-attr]
