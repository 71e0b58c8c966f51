"""The grid of subjects, methods and sparsities that a sweep measures. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prunescope.errors import BadValue, UnknownName
from prunescope.study.bounds import MULTIPLE, SEED
from prunescope.study.method import Method
from prunescope.study.shard import WHOLE, Shard
from prunescope.study.sparsity import sparsity

SEEDS: Final = (0, 1, 2)
"""Default seeds of random criteria; several, as charts show them as a band."""


@dataclass(frozen=True)
class Grid:
    """What a sweep is to measure: the product of subjects, methods and sparsities.

    ``subjects`` empty means every prunable layer or group. Sparsities are kept as ``sparsity``
    makes them, each once, ascending. ``seeds`` are for random criteria alone. What a group keeps
    comes in a ``multiple`` of units, 1 for any count; weights do not mind. Of several machines each
    measures its own ``shard`` of the points.

    Raises:
        BadValue: ``multiple`` is below 1 or past 1024, or there is no seed, or one out of range.
    """

    methods: tuple[Method, ...]
    sparsities: tuple[float, ...]
    subjects: tuple[str, ...] = ()
    recoveries: tuple[str, ...] = ("none",)
    seeds: tuple[int, ...] = SEEDS
    multiple: int = 1
    shard: Shard = WHOLE

    def __post_init__(self) -> None:
        MULTIPLE.checked(self.multiple)
        if not self.seeds:
            raise BadValue("Expected seeds to be whole numbers, but got none. Give one at least.")
        for seed in self.seeds:
            SEED.checked(seed)
        object.__setattr__(self, "sparsities", tuple(sorted(set(map(sparsity, self.sparsities)))))


def check_names(what: str, names: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise ``UnknownName`` for the first of ``names`` that is not ``allowed``."""
    allowed_names = set(allowed)
    for name in names:
        if name not in allowed_names:
            raise UnknownName.among(what, name, allowed_names)
