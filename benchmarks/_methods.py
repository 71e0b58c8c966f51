"""By which methods benchmarks of plans let weights and units leave."""

from collections.abc import Iterable
from typing import Final

from analysis.study import Manifest, Method

METHODS: Final = {
    "weight": (Method("magnitude"),),
    "channel": (Method("l1", "channel"), Method("l1", "head")),
}
"""What leaves → the usual methods: by magnitude, or by the L1 norm."""

MORE: Final = {
    "weight": tuple(map(Method, ("taylor", "fisher", "wanda"))),
    "channel": tuple(
        Method(criterion, units)
        for criterion in ("taylor", "fisher")
        for units in ("channel", "head")
    ),
}
"""What leaves → methods that a solver may take in place of the usual ones."""


def possible(methods: Iterable[Method], manifest: Manifest) -> tuple[Method, ...]:
    """Return those of ``methods`` by which something can leave this model."""
    return tuple(
        each
        for each in methods
        if each.granularity == "weight" or manifest.removable(each.granularity)
    )
