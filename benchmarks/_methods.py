"""What benchmarks of plans let leave: weights by magnitude, channels and heads by L1 norm."""

from typing import Final

from prunescope.study import Manifest, Method

METHODS: Final = {
    "weight": (Method("magnitude"),),
    "channel": (Method("l1", "channel"), Method("l1", "head")),
}


def methods(leaves: str, manifest: Manifest) -> tuple[Method, ...]:
    """Return those of ``METHODS[leaves]`` by which something can leave this model."""
    return tuple(
        each
        for each in METHODS[leaves]
        if each.granularity == "weight" or manifest.removable(each.granularity)
    )
