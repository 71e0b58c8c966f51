"""What removing units of groups frees, and the weights that several groups shrink. Torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.study import GroupSummary, Manifest
from prunescope.study.network_size import shrunk
from prunescope.study.removed_counts import removed_units


@dataclass(frozen=True)
class Freed:
    """What a removal frees, against the dense network: exact, as the exported model's.

    Attributes:
        parameters: Elements of all parameters.
        bytes: Of parameters and saved buffers, dense.
        macs: Multiply-accumulates for one sample.
    """

    parameters: int
    bytes: int
    macs: int


@dataclass(frozen=True)
class Meeting:
    """A weight that a group makes smaller, and how much of it stays.

    Attributes:
        layer: Whose weight it is.
        parameter: Dotted name of the weight.
        groups: All groups that make it smaller, the asked one among them.
        elements: Dense.
        alone: Elements left when the asked group alone loses its units.
        together: Elements left when every one of ``groups`` loses the same share of its units.
    """

    layer: str
    parameter: str
    groups: tuple[str, ...]
    elements: int
    alone: int
    together: int


def freed(manifest: Manifest, removed: Mapping[str, int]) -> Freed:
    """Return what removing so many units of each named group frees, all of them at once."""
    dense, left = shrunk(manifest, {}), shrunk(manifest, removed)
    return Freed(
        dense.parameters - left.parameters, dense.bytes - left.bytes, dense.macs - left.macs
    )


def groups_of_parameter(manifest: Manifest, parameter: str) -> tuple[GroupSummary, ...]:
    """Return the removable groups that make ``parameter`` smaller, in the manifest's order."""
    return tuple(
        group
        for group in manifest.removable()
        if any(member.parameter == parameter for member in group.members)
    )


def meetings(manifest: Manifest, name: str, units: int) -> tuple[Meeting, ...]:
    """Return every prunable weight that the group ``name`` makes smaller, in forward order.

    Where the group of a layer's outputs and that of its inputs both lose half of their units,
    the weight keeps a quarter: it is a product of both.

    Args:
        manifest: Of the study.
        name: A removable group.
        units: That leave, 1 to all but one.
    """
    group = manifest.group(name)
    share = units / group.units
    own_parameters = {member.parameter for member in group.members}
    meetings_ = []
    for layer in manifest.layers:
        if layer.parameter not in own_parameters:
            continue
        others = groups_of_parameter(manifest, layer.parameter)
        together = {group_.name: removed_units(group_.units, share) for group_ in others} | {
            name: units
        }
        meetings_.append(
            Meeting(
                layer.name, layer.parameter, tuple(group_.name for group_ in others),
                shrunk(manifest, {}).by_tensor[layer.parameter],
                shrunk(manifest, {name: units}).by_tensor[layer.parameter],
                shrunk(manifest, together).by_tensor[layer.parameter],
            )
        )  # fmt: skip
    return tuple(meetings_)


def units_at_share(manifest: Manifest, granularity: str, share: float) -> dict[str, int]:
    """Return the units that leave when every group of ``granularity`` loses ``share`` of its."""
    return {
        group.name: removed_units(group.units, share) for group in manifest.removable(granularity)
    }
