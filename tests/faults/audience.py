"""Twenty viewers of a dashboard while a sweep runs: what they see, and what memory it costs."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from prunescope.dashboard.launch_command import SERVER, Serving
from prunescope.jobs import ACTIVE, Job
from tests.faults import own_loop
from tests.faults.viewer import Viewer

_LOOK: Final = 0.5
_STAYS: Final = 60.0
"""Seconds after which every second viewer leaves, and somebody else comes."""


@dataclass(frozen=True)
class Audience:
    """What a number of viewers did to a server.

    Attributes:
        viewers: At a time.
        seconds: That they looked.
        visits: Windows that were opened, those of viewers who came later included.
        runs: Of pages and fragments.
        exceptions: Errors that pages showed.
        slowest: Seconds that the slowest page took.
        sizes: MiB of the server's memory, the median of each tenth of the time.
        working: Whether the sweep was at work all the time.
    """

    viewers: int
    seconds: float
    visits: int
    runs: int
    exceptions: tuple[str, ...]
    slowest: float
    sizes: tuple[int, ...]
    working: bool

    @property
    def grown(self) -> float:
        """Return by which fraction the last fifth is larger than the second one.

        In the first one pages are still imported, and closed windows still gather: Streamlit keeps
        each for two minutes, in case its browser comes back.
        """
        second, last = self.sizes[2:4], self.sizes[8:]
        return statistics.mean(last) / statistics.mean(second) - 1


def server_of(serving: Serving) -> psutil.Process:
    """Return the process that serves."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(SERVER) in words and str(serving.port) in words:
            return process
    raise AssertionError("no server")


def watch(serving: Serving, job: Job, viewers: int, seconds: float) -> Audience:
    """Let ``viewers`` look at the job's study for so long."""
    return own_loop.run(_watch(serving, job, viewers, seconds))


async def _watch(serving: Serving, job: Job, viewers: int, seconds: float) -> Audience:
    server, study = server_of(serving), Path(job.study).name
    seen: list[Viewer] = []
    sizes: list[tuple[float, float]] = []
    working, began = True, time.monotonic()

    async def seat(number: int) -> None:
        stays = seconds if number % 2 else _STAYS
        visit = 0
        while (left := seconds - (time.monotonic() - began)) > 1:
            viewer = Viewer(serving, study)
            seen.append(viewer)
            await viewer.look(min(stays, left), seed=1000 * number + visit)
            visit += 1

    seats = [asyncio.create_task(seat(number)) for number in range(viewers)]
    while time.monotonic() - began < seconds:
        sizes.append((time.monotonic() - began, server.memory_info().rss / 2**20))
        working = working and job.state() in ACTIVE
        await asyncio.sleep(_LOOK)
    await asyncio.gather(*seats)
    return Audience(
        viewers, seconds, len(seen), sum(viewer.runs for viewer in seen),
        tuple(text for viewer in seen for text in viewer.exceptions),
        max(viewer.late for viewer in seen), tuple(_tenths(sizes, seconds)), working,
    )  # fmt: skip


def _tenths(sizes: list[tuple[float, float]], seconds: float) -> Iterator[int]:
    for tenth in range(10):
        low, high = tenth * seconds / 10, (tenth + 1) * seconds / 10
        yield round(statistics.median(size for at, size in sizes if low <= at < high))
