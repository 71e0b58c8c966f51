"""What is drawn at random at one place of a training: the same however often it is drawn again."""

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def drawn(*place: int | str) -> Iterator[None]:
    """Seed the generators of torch, NumPy and Python from ``place`` in the block.

    The caller's states return after it, so that what is drawn inside, such as an augmentation,
    depends on the place alone: a training that goes on elsewhere draws the same.
    """
    seed = int.from_bytes(hashlib.sha256(repr(place).encode()).digest()[:4], "big")
    plain, arrays = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(arrays)
