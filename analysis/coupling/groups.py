"""Groups: units with the same members, found by two walks over the graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from torch import fx

import analysis.coupling.rules  # noqa: F401  (fills the operator table)
from analysis.capture.graph import Captured
from analysis.capture.layers import layer_name
from analysis.capture.shapes import shapes
from analysis.coupling.labels import Labels, Solved
from analysis.coupling.walk import BATCH, Key, Walk
from analysis.errors import UnknownName

Place = tuple[str, int]
Granularity = Literal["channel", "head"]
Role = Literal["producer", "consumer", "follower"]
_ALONE: Final = "a single unit is left, and the last one stays"
_OWN: Final = ("weight", "bias", "running_mean", "running_var", "weight_g", "weight_v")
_INSEPARABLE: Final = "all of its indices can only leave together"


@dataclass(frozen=True, eq=False)
class Member:
    """A dimension of a parameter or buffer that gets smaller with the group.

    Attributes:
        parameter: Dotted name; the first one, if the tensor has several.
        layer: Dotted module name.
        dimension: Of the tensor.
        role: ``producer`` makes the units, ``consumer`` reads them, ``follower`` goes along
            (biases, norms, depthwise filters beside another producer).
        buffer: Whether the tensor is a buffer.
        indices: What each unit owns of the dimension, one int64 array per unit.
    """

    parameter: str
    layer: str
    dimension: int
    role: Role
    buffer: bool
    indices: tuple[NDArray[np.int64], ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Group:
    """Units that are alike: same members, removed or kept one by one.

    Attributes:
        name: Dotted name of the first producing layer; where one layer produces for several
            groups, with the range or number of its part.
        granularity: ``channel`` or ``head``.
        units: How many there are; at least one stays.
        members: In the order in which the graph uses them.
        normalised: Whether a statistic over the units changes by nature when some leave.
        statistic: Which one, for ``normalised`` groups.
        ids: Unit numbers in the coupling, in the order of the first member's indices.
    """

    name: str
    granularity: Granularity
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
    """Layers whose outputs stay, and why."""

    layers: tuple[str, ...]
    dimension: int
    reason: str


@dataclass(frozen=True, eq=False)
class Coupling:
    """All groups of a graph, and what cannot leave.

    Attributes:
        groups: In the order in which the graph makes them.
        refused: Producing dimensions that stay, whole or in part.
        walk: The walk that the labels come from; removal rewrites the graph by it.
        solved: The unit of each label.
    """

    groups: tuple[Group, ...]
    refused: tuple[Refused, ...]
    walk: Walk = field(repr=False)
    solved: Solved = field(repr=False)

    def group(self, name: str) -> Group:
        """Return the group ``name``.

        Raises:
            UnknownName: There is none.
        """
        for group in self.groups:
            if group.name == name:
                return group
        raise UnknownName.among("group", name, [group.name for group in self.groups])


_KNOWN: "WeakKeyDictionary[fx.GraphModule, Coupling]" = WeakKeyDictionary()


def find_groups(captured: Captured) -> Coupling:
    """Return the groups of ``captured``; found once per graph and kept.

    A first walk leaves open which factor of a split dimension carries the units, and offers
    each; the second takes, for every split, a factor that nothing blocks, heads first.
    """
    known = _KNOWN.get(captured.module)
    if known is None:
        values = shapes(captured, BATCH)
        scout = Walk(captured, values, None).run()
        choices = _decide(scout) if scout.options else {}
        walk = Walk(captured, values, choices).run()
        known = _collect(captured, walk, walk.ledger.solve())
        _KNOWN[captured.module] = known
    return known


def _decide(scout: Walk) -> dict[Key, int]:
    """Rank the options of every decision: prunable, heads, outside heads, plain, large."""
    solved = scout.ledger.solve()
    blocked = _having(solved, solved.reason)
    marked = {
        kind: _having(solved, solved.marks.get(kind, {}))
        for kind in ("head", "inner", "normalised")
    }
    free = _free(scout, solved)

    def rank(place: int, labels: Labels) -> tuple[bool, bool, bool, bool, bool, int, int]:
        units = solved.unit[labels[labels >= 0]]
        return (
            bool(units.size and not blocked[units].all()),
            not free[units].all(),
            bool(marked["head"][units].any()),
            not marked["inner"][units].any(),
            not marked["normalised"][units].any(),
            len(labels),
            place,
        )

    return {
        key: max(range(len(offered)), key=lambda place: rank(place, offered[place]))
        for key, offered in scout.options.items()
    }


def _free(scout: Walk, solved: Solved) -> NDArray[np.bool_]:
    """A flag for each unit that only expanded or filled dimensions have, so that any size does."""
    count = int(solved.unit.max(initial=-1)) + 1
    expanded = [labels for labels, _ in scout.ledger.marks.get("free", [])]
    mine = solved.unit[np.concatenate(expanded)] if expanded else np.zeros(0, np.int64)
    alone: NDArray[np.bool_] = np.bincount(mine, minlength=count) == np.bincount(
        solved.unit, minlength=count
    )
    return alone


def _having(solved: Solved, units: Iterable[int]) -> NDArray[np.bool_]:
    """A flag for each unit that is among ``units``."""
    flags = np.zeros(int(solved.unit.max(initial=-1)) + 1, bool)
    flags[list(units)] = True
    return flags


def _collect(captured: Captured, walk: Walk, solved: Solved) -> Coupling:
    """Sort units by the parameter dimensions that they touch."""
    places = {
        (name, at): solved.unit[dim.labels]
        for name, dims in walk.parameters.items()
        for at, dim in enumerate(dims)
        if dim.labels is not None
    }
    order = [place for place in walk.roles if place in places]
    order += [place for place in places if place not in walk.roles]
    count = int(solved.unit.max(initial=-1)) + 1
    signature = np.zeros(count, np.uint64)
    producing = np.zeros(count, bool)
    dice = np.random.default_rng(0).integers(1, 2**63, len(order), np.uint64)
    first = np.full(count, np.iinfo(np.int64).max, np.int64)
    for rank, place in enumerate(order):
        units, where = np.unique(places[place], return_index=True)
        signature[units] += dice[rank]
        if place in walk.roles:
            new = units[~producing[units]]
            first[new] = rank * 2**32 + where[~producing[units]]
            producing[units] = True
    blocked = _having(solved, solved.reason)
    groups: list[tuple[Labels, list[Place]]] = []
    refused: dict[Refused, None] = {}
    chosen = np.flatnonzero(producing)
    heads = _having(solved, solved.marks.get("head", {}))
    keys = np.stack([signature[chosen], 2 * blocked[chosen].astype(np.uint64) + heads[chosen]], 1)
    _, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    by_kind = np.argsort(inverse, kind="stable")
    borders = np.flatnonzero(np.diff(inverse[by_kind])) + 1
    kinds = [chosen[part] for part in np.split(by_kind, borders)] if chosen.size else []
    kinds = [units[np.argsort(first[units], kind="stable")] for units in kinds]
    kinds.sort(key=lambda units: int(first[units[0]]))
    for ordered, touched in zip(kinds, _touched(places, order, kinds, count), strict=True):
        if blocked[ordered[0]] or len(ordered) == 1:
            reason = solved.reason.get(int(ordered[0]), "")
            refusal = _refusal(walk, places, touched, reason)
            if refusal is not None:
                refused[refusal] = None
        else:
            groups.append((ordered, touched))
    for (name, at), role in walk.roles.items():
        if role == "producer" and walk.parameters[name][at].size == 1:
            refused[Refused((_layer(name),), at, "it has a single output, which stays")] = None
    buffers = {name for name, _ in captured.module.named_buffers(remove_duplicate=False)}
    made = [_group(walk, solved, places, touched, units, buffers) for units, touched in groups]
    return Coupling(_named(made), tuple(refused), walk, solved)


def _touched(
    places: Mapping[Place, Labels], order: list[Place], kinds: list[Labels], count: int
) -> list[list[Place]]:
    """The dimensions that the units of each kind own a part of, by their first unit."""
    firsts = np.array([units[0] for units in kinds], np.int64)
    touched: list[list[Place]] = [[] for _ in kinds]
    for place in order:
        here = np.zeros(count, bool)
        here[places[place]] = True
        for kind in np.flatnonzero(here[firsts]).tolist():
            touched[kind].append(place)
    return touched


def _refusal(
    walk: Walk, places: Mapping[Place, Labels], touched: list[Place], reason: str
) -> Refused | None:
    makers = [p for p in touched if walk.roles.get(p) in ("producer", "depthwise")]
    if not makers:
        return None
    if not reason:
        alone = any(len(np.unique(places[maker])) == 1 for maker in makers)
        reason = _INSEPARABLE if alone else _ALONE
    layers = tuple(dict.fromkeys(_layer(name) for name, _ in makers))
    return Refused(layers, makers[0][1], reason)


def _group(
    walk: Walk,
    solved: Solved,
    places: Mapping[Place, Labels],
    touched: list[Place],
    units: Labels,
    buffers: set[str],
) -> Group:
    rank = np.full(int(solved.unit.max()) + 1, -1, np.int64)
    rank[units] = np.arange(len(units))
    roles = _roles(walk, touched)
    members = []
    for name, dimension in touched:
        owners = rank[places[name, dimension]]
        by_unit = np.argsort(owners, kind="stable")
        counts = np.bincount(owners[owners >= 0], minlength=len(units))
        owned = by_unit[len(by_unit) - int(counts.sum()) :]
        even = bool((counts == counts[0]).all())
        indices = (
            list(owned.reshape(len(units), -1)) if even else np.split(owned, counts.cumsum()[:-1])
        )
        role = roles[name, dimension]
        members.append(Member(name, _layer(name), dimension, role, name in buffers, tuple(indices)))
    makers = [member for member in members if member.role == "producer"]
    heads = solved.marks.get("head", {})
    several = any(len(owned) > 1 for member in makers for owned in member.indices)
    statistic = next(
        (why for kind in (solved.marks.get("normalised", {}),) for u in units.tolist()
         if (why := kind.get(u)) is not None), None,
    )  # fmt: skip
    return Group(
        name=(makers or members)[0].layer,
        granularity="head" if several and int(units[0]) in heads else "channel",
        units=len(units),
        members=tuple(members),
        normalised=statistic is not None,
        statistic=statistic,
        ids=units,
    )


def _roles(walk: Walk, touched: list[Place]) -> dict[Place, Role]:
    """Say what each member does; a group always has a producer."""
    known = {place: walk.roles.get(place, "follower") for place in touched}
    for kinds in (("producer",), ("depthwise",), ("follower",), ("consumer",)):
        makers = [place for place, role in known.items() if role in kinds]
        if makers:
            break
    if known[makers[0]] in ("follower", "consumer"):
        makers = makers[:1]
    return {
        place: "producer" if place in makers else "consumer" if role == "consumer" else "follower"
        for place, role in known.items()
    }


def _layer(parameter: str) -> str:
    """The dotted name of the module that owns a tensor, or of the tensor if that says more."""
    plain = parameter.partition(".parametrizations.")[0]
    if plain != parameter:
        return plain
    path, _, own = parameter.rpartition(".")
    if own.endswith("_weight"):
        return layer_name(parameter)
    if own.endswith("_bias"):
        return parameter.removesuffix("_bias")
    if own.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")):
        return path
    return path if own in _OWN else parameter


def _named(groups: list[Group]) -> tuple[Group, ...]:
    """Tell groups of one producer apart by the range of it that they own."""
    counted: dict[str, int] = {}
    for group in groups:
        counted[group.name] = counted.get(group.name, 0) + 1
    taken: set[str] = set()
    named = []
    for group in groups:
        name = group.name
        if counted[name] > 1:
            maker = next(m for m in group.members if m.layer == name)
            owned = np.sort(np.concatenate(maker.indices))
            part = f"[{owned[0]}:{owned[-1] + 1}]"
            solid = len(owned) == owned[-1] - owned[0] + 1
            name = name + part if solid else f"{name}[{owned[0]},…]"
        while name in taken:
            name += "'"
        taken.add(name)
        named.append(replace(group, name=name))
    return tuple(named)
