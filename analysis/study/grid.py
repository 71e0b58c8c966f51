"""What a sweep is asked to measure. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.errors import UnknownName
from analysis.study.words import Method, sparsity


@dataclass(frozen=True)
class Grid:
    """What a sweep is to measure: the product of subjects, methods and sparsities.

    ``subjects`` empty means every prunable layer or group. Sparsities are kept as ``sparsity``
    makes them, each once, ascending.
    """

    methods: tuple[Method, ...]
    sparsities: tuple[float, ...]
    subjects: tuple[str, ...] = ()
    recoveries: tuple[str, ...] = ("none",)
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sparsities", tuple(sorted(set(map(sparsity, self.sparsities)))))


def check_names(what: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise ``UnknownName`` for the first of ``given`` that is not ``allowed``."""
    known = set(allowed)
    for name in given:
        if name not in known:
            raise UnknownName.among(what, name, known)
