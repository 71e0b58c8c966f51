"""How many threads torch computes with, for as long as a block lasts."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def computing_threads(count: int) -> Iterator[None]:
    """Let torch compute with ``count`` threads in the block; with as many as before for 0."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
