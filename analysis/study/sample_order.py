"""The one random order in which a study's validation samples are evaluated. Torch-free."""

import hashlib
from typing import Final

import numpy as np

FIRST: Final = 64
"""Samples of the first chunk: few enough that every point has an estimate within seconds."""


def sample_order(fingerprint: str, population: int) -> np.ndarray:
    """Return a permutation of ``range(population)``, the same for every point of a study.

    Its first ``n`` entries are a simple random sample without replacement, which is what the
    confidence sequences need; that all points share it makes them comparable early.

    Args:
        fingerprint: The study's; it seeds the permutation.
        population: Validation samples there are.

    Returns:
        ``(population,)`` int64.
    """
    digest = hashlib.sha256(f"order of {fingerprint}".encode()).digest()
    seed = int.from_bytes(digest[:8], "big")
    return np.random.default_rng(seed).permutation(population)


_FINE: Final = 512
_STEPS: Final = 4


def looks(population: int) -> tuple[int, ...]:
    """Return where a sweep that stops early looks at its points: at each doubling, and from 512
    samples on three times between two of them.

    Finer chunks stop a point sooner after it is settled; still finer ones cost more than they save.

    >>> looks(1300)
    (64, 128, 256, 512, 609, 724, 861, 1024, 1218, 1300)
    """
    coarse = doubling(population)
    ends = set(coarse)
    step = 0
    while (end := round(_FINE * 2 ** (step / _STEPS))) < population:
        ends.add(end)
        step += 1
    looks_ = sorted(ends)
    if len(looks_) > 2 and looks_[-2] not in coarse:
        stump, grown = looks_[-1] - looks_[-2], looks_[-2] - looks_[-3]
        if stump < grown // 4:
            del looks_[-2]
    return tuple(looks_)


def at_the_end(population: int) -> tuple[int, ...]:
    """Return the only look of a metric that is known once every sample is seen.

    >>> at_the_end(1300)
    (1300,)
    """
    return (population,)


def doubling(population: int, first: int = FIRST) -> tuple[int, ...]:
    """Return where chunks end: ``first`` samples, then as many again as there were, to the end.

    >>> doubling(1000, 64)
    (64, 128, 256, 512, 1000)
    """
    ends = []
    end = first
    while end < population:
        ends.append(end)
        end *= 2
    if ends and population - ends[-1] < ends[-1] // 4:  # a stump of a chunk is no look
        ends.pop()
    return (*ends, population)
