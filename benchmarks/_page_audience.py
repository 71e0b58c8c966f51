"""Twenty people who look at one page and do nothing: what the server takes for them."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from prunescope.dashboard.launch_command import Serving
from tests.faults import own_loop
from tests.faults.audience import server_of
from tests.faults.viewer import Viewer

VIEWERS: Final = 20
_PATIENCE: Final = 60.0
"""Seconds within which all pages have to stand, so that a busy machine ends the row."""
_REST: Final = 5.0
"""Seconds between the last page's end and the first look at the server."""


@dataclass(frozen=True)
class Audience:
    """What the server took.

    Attributes:
        grown: MiB by which its memory grew while nobody did anything.
        full: MiB of its memory when all pages stood.
        arrived: MiB by which it had grown when all pages stood.
        share: Of one core, while nobody did anything.
        exceptions: Errors that pages showed.
    """

    grown: float
    full: float
    arrived: float
    share: float
    exceptions: tuple[str, ...]


def audience(serving: Serving, study: str, seconds: float) -> Audience:
    """Let twenty sessions open *Plan* one after another and then rest for so long."""
    return own_loop.run(_audience(serving, study, seconds))


class Sitter(Viewer):
    """A viewer who opens *Plan* and stays."""

    async def sit(self, risen: asyncio.Event) -> None:
        """Open the page, and answer its timers until everybody rises."""
        async with self.connected() as socket:
            reader = asyncio.create_task(self._read(socket))
            await self.open(socket, "plan")
            await risen.wait()
            reader.cancel()
            self._drop_timers()


async def _audience(serving: Serving, study: str, seconds: float) -> Audience:
    server = server_of(serving)
    empty, risen = _mebibytes(server), asyncio.Event()
    viewers = [Sitter(serving, study) for _ in range(VIEWERS)]
    seats = []
    try:
        end = time.monotonic() + _PATIENCE
        for viewer in viewers:
            seats.append(asyncio.create_task(viewer.sit(risen)))
            await _stands(viewer, end)
        await asyncio.sleep(_REST)
        full, used, began = _mebibytes(server), _processor(server), time.monotonic()
        await asyncio.sleep(seconds)
        share = (_processor(server) - used) / (time.monotonic() - began)
        grown = _mebibytes(server) - full
    finally:
        risen.set()
        await asyncio.gather(*seats, return_exceptions=True)
    errors = tuple(text for viewer in viewers for text in viewer.exceptions)
    return Audience(grown, full, full - empty, share, errors)


async def _stands(viewer: Viewer, end: float) -> None:
    while viewer.runs == 0:
        if time.monotonic() > end:
            raise TimeoutError(f"the pages of {VIEWERS} viewers did not stand within a minute")
        await asyncio.sleep(0.05)


def _mebibytes(server: Any) -> float:
    return float(server.memory_info().rss) / 2**20


def _processor(server: Any) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)
