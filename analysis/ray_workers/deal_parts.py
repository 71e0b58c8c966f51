"""Deal parts to workers until all are done, whoever dies meanwhile. Torch-free, and free of Ray."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from prunescope.errors import OutOfMemory, PrunescopeError
from prunescope.progress import Progress
from prunescope.text.numbers import counted

FRUITLESS: Final = 10
"""Deaths in a row, with nothing measured in between, after which it is no accident."""
_LOOK: Final = 0.5

Result = TypeVar("Result")


@dataclass(frozen=True)
class Death:
    """A worker that is no more.

    Attributes:
        reason: As the cluster says it.
    """

    reason: str


class Crew(Protocol[Result]):
    """Workers of a cluster, by number."""

    def hire(self) -> int:
        """Start one more worker and return its number."""

    def give(self, worker: int, part: str, again: bool) -> None:
        """Let ``worker`` begin with ``part``, ``again`` where another had begun with it."""

    def wait(self, seconds: float) -> list[tuple[int, Result | Death | PrunescopeError]]:
        """Return what became of workers that have ended a part, after ``seconds`` at most."""


def deal(
    crew: Crew[Result],
    parts: Sequence[str],
    workers: int,
    measured: Callable[[], int],
    progress: Progress,
) -> tuple[list[Result], int]:
    """Let ``workers`` do all of ``parts`` and return what these gave, and how many workers died.

    The part of a worker that died is done again by another; what it had written stays written.

    Args:
        crew: Starts workers and listens to them.
        parts: The dearest first.
        workers: At most at a time.
        measured: Returns a number that grows when anything is measured.
        progress: Counts parts; nothing new is begun once it is cancelled.

    Raises:
        OutOfMemory: Workers die again and again before they have measured anything.
        PrunescopeError: What a worker cannot do, as it said it.
    """
    waiting = deque(parts)
    busy: dict[int, str] = {}
    begun: set[str] = set()
    results: list[Result] = []
    deaths, fruitless, before = 0, 0, measured()
    for _ in range(min(workers, len(waiting))):
        worker = crew.hire()
        busy[worker] = waiting.popleft()
        crew.give(worker, busy[worker], busy[worker] in begun)
        begun.add(busy[worker])
    while busy:
        for worker, outcome in crew.wait(_LOOK):
            part = busy.pop(worker)
            if isinstance(outcome, PrunescopeError):
                raise outcome
            if isinstance(outcome, Death):
                deaths += 1
                now = measured()
                fruitless, before = (1 if now > before else fruitless + 1), now
                if fruitless >= FRUITLESS:
                    raise _doomed(outcome, fruitless)
                waiting.appendleft(part)
                worker = crew.hire() if not progress.cancelled() else worker
            else:
                results.append(outcome)
                progress.advance(1, f"part {part}")
            if waiting and not progress.cancelled():
                busy[worker] = waiting.popleft()
                crew.give(worker, busy[worker], busy[worker] in begun)
                begun.add(busy[worker])
        if progress.cancelled():
            break
    return results, deaths


def _doomed(death: Death, times: int) -> OutOfMemory:
    reason = " ".join(death.reason.split()).partition(". ")[0][:200].rstrip(".")
    return OutOfMemory(
        f"Expected Ray's workers to stay alive, but {counted(times, 'worker')} in a row ended "
        f"before anything was measured: {reason}. Give each more memory or take fewer, and run the "
        "same command again: what was measured is in the store."
    )
