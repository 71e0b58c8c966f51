"""Several independent computations at once, each in a lane: a thread of its own, or a few.

PyTorch's operators release Python's lock while they compute, so N threads that run one operator
each keep N cores busy, without copies of the weights, pickling, or processes that could be killed.
An operator that splits itself over N threads waits for the slowest at its end;
``prunescope.replay.threads`` measures which way is faster.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


class Lanes:
    """Where work is submitted to; with one lane, it is done at once by the caller.

    Attributes:
        count: How many computations run at the same time.
    """

    def __init__(self, count: int, pool: ThreadPoolExecutor | None = None) -> None:
        self.count = count
        self._pool = pool
        self._open: set[Future[object]] = set()

    def submit(self, call: Callable[[], Made]) -> "Future[Made]":
        """Return the future of ``call()``, run without gradients."""
        if self._pool is not None:
            future = self._pool.submit(_without_gradients, call)
        else:
            future = Future()
            future.set_result(_without_gradients(call))
        self._open.add(future)  # type: ignore[arg-type]
        future.add_done_callback(self._open.discard)
        return future

    def map(self, call: Callable[[Given], Made], items: Sequence[Given]) -> list[Made]:
        """Return ``call`` of each, in order, when all are done."""
        futures = [self.submit(partial(call, item)) for item in items]
        return [future.result() for future in futures]

    def rest(self) -> None:
        """Wait until nothing runs; submitted calls that have not started are dropped."""
        for future in list(self._open):
            future.cancel()
        wait(list(self._open))


@contextlib.contextmanager
def open_lanes(count: int, threads: int = 1) -> Iterator[Lanes]:
    """Yield ``count`` lanes, the operators of each on ``threads`` threads.

    One lane is the caller, on as many threads as torch has. On leaving, the lanes are empty and
    torch's thread count is as before.
    """
    if count <= 1:
        yield Lanes(1)
        return
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "prunescope-replay", torch.set_num_threads, (threads,))
    lanes = Lanes(count, pool)
    try:
        yield lanes
    finally:
        lanes.rest()
        pool.shutdown()
        torch.set_num_threads(before)


def _without_gradients(call: Callable[[], Made]) -> Made:
    with torch.inference_mode():
        return call()
