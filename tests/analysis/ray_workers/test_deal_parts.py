"""Parts are dealt until all are done, whoever dies; a cluster that kills everybody is told."""

import random

import pytest

from prunescope.errors import BadValue, OutOfMemory
from prunescope.progress import Silent
from prunescope.ray_workers.deal_parts import Death, deal


class FakeCrew:
    """Workers that write points at random, and die at random before their part is done."""

    def __init__(self, deaths: int, seed: int, points: int = 5) -> None:
        self.random = random.Random(seed)
        self.left, self.points = deaths, points
        self.written: dict[str, int] = {}
        self.busy: dict[int, str] = {}
        self.begun: set[str] = set()
        self.dead: set[int] = set()
        self.hired = 0
        self.most = 0

    def hire(self) -> int:
        self.hired += 1
        return self.hired

    def give(self, worker: int, part: str, again: bool) -> None:
        assert again == (part in self.begun)
        self.begun.add(part)
        assert worker not in self.dead
        assert worker not in self.busy
        self.busy[worker] = part
        self.most = max(self.most, len(self.busy))

    def wait(self, seconds: float) -> list[tuple[int, int | Death]]:
        worker = self.random.choice(sorted(self.busy))
        part = self.busy.pop(worker)
        before = self.written.get(part, 0)
        if self.left and self.random.random() < (0.6 if self.points else 1.0):
            self.left -= 1
            self.dead.add(worker)
            if self.points:
                self.written[part] = self.random.randint(before, self.points)
            return [(worker, Death("killed"))]
        self.written[part] = self.points
        return [(worker, self.points - before)]


@pytest.mark.parametrize("seed", range(20))
def test_all_parts_are_done_whoever_dies(seed: int) -> None:
    crew = FakeCrew(deaths=4, seed=seed)
    parts = [f"{place}/7" for place in range(1, 8)]
    results, deaths = deal(crew, parts, 3, lambda: sum(crew.written.values()), Silent())
    assert crew.written == dict.fromkeys(parts, 5)
    assert len(results) == 7
    assert deaths == 4 - crew.left
    assert crew.hired == 3 + deaths
    assert crew.most == 3


def test_there_are_no_more_workers_than_parts() -> None:
    crew = FakeCrew(deaths=0, seed=0)
    deal(crew, ["1/1"], 3, lambda: 0, Silent())
    assert crew.hired == 1


def test_workers_that_die_before_they_measure_end_it() -> None:
    crew = FakeCrew(deaths=1000, seed=0, points=0)
    with pytest.raises(OutOfMemory, match="10 workers in a row ended .*: killed. Give each more"):
        deal(crew, ["1/2", "2/2"], 2, lambda: 0, Silent())


def test_what_a_worker_cannot_do_is_raised_as_it_said_it() -> None:
    class Refusing(FakeCrew):
        def wait(self, seconds: float) -> list[tuple[int, object]]:
            return [(self.busy.popitem()[0], BadValue("Expected another model."))]

    with pytest.raises(BadValue, match="another model"):
        deal(Refusing(0, 0), ["1/1"], 1, lambda: 0, Silent())


def test_nothing_new_is_begun_once_it_is_cancelled() -> None:
    class Stopping(Silent):
        def cancelled(self) -> bool:
            return bool(crew.written)

    crew = FakeCrew(deaths=0, seed=0)
    results, _ = deal(crew, ["1/3", "2/3", "3/3"], 1, lambda: 0, Stopping())
    assert len(results) == 1
    assert len(crew.written) == 1
