"""How each layer of the network is drawn: from curves, counts and the plan. No Streamlit."""

from prunescope.curves.curve import Curves, by_sensitivity
from prunescope.dashboard.charts.network_svg import LayerLook
from prunescope.dashboard.tables.layers import without_recovery
from prunescope.planning.preview import preview
from prunescope.study import Manifest
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Plan
from prunescope.text import units
from prunescope.text.scores import words_of

_LEAST_END = 0.05
"""Mean drop of which the last colour stands at least: so much of scores that are no shares."""


def sensitivities(curves: Curves) -> dict[str, float]:
    """Return subject → mean drop of its best method, as the table of layers ranks them."""
    own = without_recovery(curves)
    return dict(by_sensitivity(curve for mine in own.values() for curve in mine))


def colour_end(manifest: Manifest, means: dict[str, float]) -> float:
    """Return the mean drop of which the last colour stands: one for the whole study."""
    return max([words_of(manifest).usual(_LEAST_END), *means.values()])


def looks(
    manifest: Manifest, plan: Plan, curves: Curves, means: dict[str, float]
) -> dict[str, LayerLook]:
    """Return layer → how it is drawn.

    Args:
        manifest: Of the study.
        plan: The draft.
        curves: Of the study.
        means: As from ``sensitivities``.
    """
    words, end = words_of(manifest), colour_end(manifest, means)
    size = preview(manifest, plan, curves)
    left = shrunk(manifest, size.units).by_tensor
    zeroed = {layer.name: layer.removed for layer in size.layers}
    shared = _shared_groups(manifest)
    drawn = {}
    for layer in manifest.layers:
        whole = max(layer.parameters, 1)
        stays = left.get(layer.parameter, layer.parameters) - zeroed.get(layer.name, 0)
        removed = min(max(1 - stays / whole, 0.0), 1.0)
        mean, macs = means.get(layer.name), layer.macs / max(manifest.macs, 1)
        parts = [
            layer.name, layer.kind, f"{units.percent(macs)} of the MACs",
            f"{units.count(layer.parameters)} weights",
            "not measured" if mean is None
            else f"mean {words.loss_word} alone {words.drop(mean)}",
            f"{units.percent(removed)} removed",
            *([f"outputs leave with {shared[layer.name][1]}"] if layer.name in shared else []),
        ]  # fmt: skip
        drawn[layer.name] = LayerLook(
            level=None if mean is None else min(max(mean, 0.0) / end, 1.0) ** 0.5,
            macs=macs, removed=removed,
            group=shared[layer.name][0] if layer.name in shared else None,
            said=" · ".join(parts),
        )  # fmt: skip
    return drawn


def _shared_groups(manifest: Manifest) -> dict[str, tuple[int, str]]:
    """Layer → number and name of the group that it makes the units of together with others."""
    names = {layer.name for layer in manifest.layers}
    made: dict[str, tuple[int, str]] = {}
    number = 0
    for group in manifest.removable():
        producers = dict.fromkeys(
            member.layer
            for member in group.members
            if member.role == "producer" and member.layer in names
        )
        if len(producers) < 2:
            continue
        made |= dict.fromkeys(producers, (number, f"group {group.name}"))
        number += 1
    return made
