"""Calls that a device times by its own clock: events in its queue, without the launching thread."""

from collections.abc import Callable

import torch


class EventTimed:
    """A call on a device, timed by two events of its queue."""

    def __init__(self, call: Callable[[], object], device: torch.device) -> None:
        """Take ``call``, which queues its work on the present stream of ``device``."""
        self._call, self._device = call, device

    def __call__(self) -> object:
        """Make one call, done when this returns."""
        result = self._call()
        torch.accelerator.current_stream(self._device).synchronize()
        return result

    def seconds(self, calls: int) -> float:
        """Make so many calls in a row, and return what they took together, from first to last."""
        start, end = (torch.Event(self._device, enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(calls):
            self._call()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / 1000
