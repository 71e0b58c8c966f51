"""What keeps a network from getting smaller, with what each reason blocks. Torch-free."""

import math
from dataclasses import dataclass

from prunescope.study.manifest import Manifest
from prunescope.study.method import BLOCK
from prunescope.study.summaries import LayerSummary


@dataclass(frozen=True)
class Blocked:
    """One reason why outputs of layers stay, and how much of the network that is.

    Attributes:
        reason: Why no smaller network is right.
        operator: The one that the reason is about, such as ``cumsum``, or ''.
        place: ``model.py:42``, the line of forward() where it is called, or ''.
        layers: Whose outputs stay.
        macs: Of these layers for one sample, in proportion to the outputs that stay.
        parameters: Of their weights, likewise.
        mac_share: Of the network's multiply-accumulates.
        parameter_share: Of its parameters.
    """

    reason: str
    operator: str
    place: str
    layers: tuple[str, ...]
    macs: int
    parameters: int
    mac_share: float
    parameter_share: float


def blocked(manifest: Manifest) -> tuple[Blocked, ...]:
    """Return every reason why outputs of layers stay, the one that blocks most MACs first.

    What a layer's inputs could free counts with the layer that makes them.
    """
    layers = {layer.name: layer for layer in manifest.layers}
    stays: dict[tuple[str, str, str], dict[str, float]] = {}
    for group in manifest.groups:
        if group.reason is None or group.granularity == BLOCK:  # its layers lose units all the same
            continue
        shares = stays.setdefault((group.reason, group.operator, group.place), {})
        for member in group.members:
            share = _share(layers.get(member.layer), member.dimension, member.indices)
            shares[member.layer] = min(1.0, shares.get(member.layer, 0.0) + share)
    reasons = []
    for (reason, operator, place), shares in stays.items():
        known = [(layers[name], share) for name, share in shares.items() if name in layers]
        macs = round(math.fsum(layer.macs * share for layer, share in known))
        parameters = round(math.fsum(layer.parameters * share for layer, share in known))
        reasons.append(
            Blocked(
                reason, operator, place, tuple(shares), macs, parameters,
                macs / max(1, manifest.macs), parameters / max(1, manifest.parameters),
            )
        )  # fmt: skip
    return tuple(sorted(reasons, key=lambda reason: (-reason.macs, -reason.parameters)))


def _share(layer: LayerSummary | None, dimension: int, indices: int) -> float:
    """The share of a layer's outputs that stay; all of them where nobody counted."""
    if layer is None or dimension >= len(layer.shape) or not indices:
        return 1.0
    return min(1.0, indices / layer.shape[dimension])
