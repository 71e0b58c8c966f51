"""The result of coupling: groups of units that can be removed, and the layers that are refused."""

from dataclasses import dataclass, field
from typing import Literal

from prunescope.arrays import Integers
from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk
from prunescope.errors import UnknownName
from prunescope.study.method import Unit

Role = Literal["producer", "consumer", "follower"]


@dataclass(frozen=True, eq=False)
class Member:
    """A dimension of a parameter or buffer that gets smaller with the group.

    Attributes:
        parameter: Dotted name; the first one, if the tensor has several.
        layer: Dotted module name.
        dimension: Of the tensor.
        role: ``producer`` makes the units, ``consumer`` reads them, ``follower`` shrinks with them
            (biases, norms, depthwise filters beside another producer).
        buffer: Whether the tensor is a buffer.
        indices: What each unit owns of the dimension, one int64 array per unit.
    """

    parameter: str
    layer: str
    dimension: int
    role: Role
    buffer: bool
    indices: tuple[Integers, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Group:
    """Units with the same members, each of which can be removed or kept.

    Attributes:
        name: Dotted name of the first producing layer; where one layer produces for several
            groups, with the range or number of its part.
        granularity: ``channel`` or ``head``.
        units: How many there are; at least one stays.
        members: In the order in which the graph uses them.
        normalised: Whether a norm's statistic runs over the units, so that removal changes it.
        statistic: Which one, for ``normalised`` groups.
        ids: Unit numbers in the coupling, in the order of the first member's indices.
    """

    name: str
    granularity: Unit
    units: int
    members: tuple[Member, ...]
    normalised: bool
    statistic: str | None
    ids: Labels = field(repr=False)
    reason: str | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that change with the group, in the order in which the graph uses them."""
        return tuple(dict.fromkeys(member.layer for member in self.members))


@dataclass(frozen=True)
class Refused:
    """Layers whose outputs stay, and why.

    Attributes:
        layers: That make them.
        dimension: Of their weights.
        reason: Why no smaller network is right.
        operator: The one that the reason is about, such as ``cumsum``, or ''.
        place: ``model.py:42``, the line of forward() where it is called, or ''.
        indices: How many outputs of each layer stay.
    """

    layers: tuple[str, ...]
    dimension: int
    reason: str
    operator: str = ""
    place: str = ""
    indices: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Coupling:
    """All groups of a graph, and what cannot leave.

    Attributes:
        groups: In the order in which the graph makes them.
        refused: Producing dimensions that stay, whole or in part.
        walk: The walk that the labels come from; removal rewrites the graph by it.
        solved: The unit of each label.
        tried: Whether the smaller network of every group has been run once.
    """

    groups: tuple[Group, ...]
    refused: tuple[Refused, ...]
    walk: CouplingWalk = field(repr=False)
    solved: SolvedLabels = field(repr=False)
    tried: bool = False

    def group(self, name: str) -> Group:
        """Return the group ``name``.

        Raises:
            UnknownName: There is none.
        """
        for group in self.groups:
            if group.name == name:
                return group
        raise UnknownName.among("group", name, [group.name for group in self.groups])
