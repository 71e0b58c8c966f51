"""What is to be measured, from keywords. Torch-free unless a method is a live function."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from prunescope.study import Grid, Method, parse_sparsities
from prunescope.study.shard import WHOLE, Shard

if TYPE_CHECKING:
    from prunescope.api.user_methods import MethodLike


def grid_from(
    methods: "str | Iterable[MethodLike]",
    sparsities: Iterable[float] | str,
    layers: Iterable[str],
    recovery: str | Iterable[str],
    seeds: Sequence[int],
    round_to: int,
    shard: str | None = None,
) -> Grid:
    """Return what is to be measured, checked as far as words go; see ``ps.sweep``.

    >>> grid_from(["l1@channel"], [0.5, 0.3], (), "none", (0,), 1).sparsities
    (0.3, 0.5)
    """
    given = methods.split(",") if isinstance(methods, str) else list(methods)
    if all(isinstance(method, str) for method in given):
        named = tuple(dict.fromkeys(Method.parse(str(method)) for method in given))
    else:
        from prunescope.api.user_methods import methods_from

        named = methods_from(given)
    return Grid(
        methods=named,
        sparsities=parse_sparsities(sparsities)
        if isinstance(sparsities, str)
        else tuple(sparsities),
        subjects=tuple(layers),
        recoveries=tuple(recovery.split(",")) if isinstance(recovery, str) else tuple(recovery),
        seeds=tuple(seeds),
        multiple=round_to,
        shard=WHOLE if shard is None else Shard.parse(shard),
    )
