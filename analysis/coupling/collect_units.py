"""Sort units into groups: one group holds the units that own parts of the same dimensions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.source_line import source_line
from prunescope.coupling.divide_groups import divide
from prunescope.coupling.groups import Coupling, Group, Member, Refused, Role
from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.naming import layer_of, name_groups
from prunescope.coupling.walk import CouplingWalk, first_names

Place = tuple[str, int]
_NEVER: Final = np.iinfo(np.int64).max
_ALONE: Final = "a single unit is left, and the last one stays"
_INSEPARABLE: Final = "all of its indices can only leave together"


def collect(captured: Captured, walk: CouplingWalk, solved: SolvedLabels) -> Coupling:
    """Return the groups of a walked graph, and what is refused."""
    places = {
        (name, axis): solved.unit[dim.labels]
        for name, dims in walk.parameters.items()
        for axis, dim in enumerate(dims)
        if dim.labels is not None
    }
    order = [place for place in walk.roles if place in places]
    order += [place for place in places if place not in walk.roles]
    kinds = _alike_units(walk, solved, places, order)
    touches = _dimensions_by_kind(places, order, kinds, solved.count)
    buffers = {name for name, _ in captured.module.named_buffers(remove_duplicate=False)}
    readers = _readers(captured)
    groups: list[Group] = []
    refused: list[Refused] = []
    for units, touched in zip(kinds, touches, strict=True):
        reason = solved.reason.get(int(units[0]))
        if reason is None and len(units) > 1:
            groups.append(_group(walk, solved, places, touched, units, buffers))
        else:
            blocker = solved.blocker.get(int(units[0])) if reason is not None else None
            refused += _refusal(walk, places, touched, units, reason, blocker, readers)
    for (name, axis), role in walk.roles.items():
        if role == "producer" and walk.parameters[name][axis].size == 1:
            why = "it has a single output, which stays"
            operator, line = _said(readers.get(name))
            refused.append(Refused((layer_of(name),), axis, why, operator, line, (1,)))
    return Coupling(name_groups(groups), _added_up(refused), walk, solved)


def _readers(captured: Captured) -> dict[str, fx.Node]:
    """The first operator that reads each parameter."""
    names = first_names(captured.module)
    readers: dict[str, fx.Node] = {}
    for node in captured.module.graph.nodes:
        for source in node.all_input_nodes:
            if source.op == "get_attr":
                readers.setdefault(names.get(str(source.target), str(source.target)), node)
    return readers


def _said(node: fx.Node | None) -> tuple[str, str]:
    """The operator of a node and the line of forward() that calls it, in words."""
    if node is None or node.op != "call_function":
        return "", "" if node is None else source_line(node)
    return operator_name(node), source_line(node)


def _added_up(refused: list[Refused]) -> tuple[Refused, ...]:
    """Refusals of the same layers for the same reason, as one with all of their outputs."""
    merged: dict[Refused, tuple[int, ...]] = {}
    for refusal in refused:
        key = replace(refusal, indices=())
        before = merged.get(key, (0,) * len(refusal.indices))
        merged[key] = tuple(one + more for one, more in zip(before, refusal.indices, strict=True))
    return tuple(replace(key, indices=indices) for key, indices in merged.items())


def _alike_units(
    walk: CouplingWalk, solved: SolvedLabels, places: Mapping[Place, Labels], order: list[Place]
) -> list[Labels]:
    """Sets of units that own as many indices of the same dimensions, in the graph's order.

    Only units that some operator multiplies by; a dimension's hash value stands for it. As each
    unit of a group frees as much as another, what a group costs depends on how many stay.
    """
    signature = np.zeros(solved.count, np.uint64)
    first = np.full(solved.count, _NEVER, np.int64)
    hash_values = np.random.default_rng(0).integers(1, 2**63, len(order), np.uint64)
    for rank, place in enumerate(order):
        units, where, counts = np.unique(places[place], return_index=True, return_counts=True)
        signature[units] += hash_values[rank] * counts.astype(np.uint64)
        if place in walk.roles:
            first[units] = np.minimum(first[units], rank * 2**32 + where)
    chosen = np.flatnonzero(first < _NEVER)
    if not chosen.size:
        return []
    blocked = solved.having(solved.reason)
    heads = solved.having(solved.marks.get("head", {}))
    keys = np.stack([signature[chosen], 2 * blocked[chosen].astype(np.uint64) + heads[chosen]], 1)
    _, inverse = np.unique(keys, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    by_kind = np.argsort(inverse, kind="stable")
    boundaries = np.flatnonzero(np.diff(inverse[by_kind])) + 1
    kinds = [chosen[part] for part in np.split(by_kind, boundaries)]
    kinds = [units[np.argsort(first[units], kind="stable")] for units in kinds]
    staying = [units for units in kinds if blocked[units[0]]]
    leaving = divide(walk, solved, [units for units in kinds if not blocked[units[0]]])
    return sorted([*staying, *leaving], key=lambda units: int(first[units[0]]))


def _dimensions_by_kind(
    places: Mapping[Place, Labels], order: list[Place], kinds: list[Labels], count: int
) -> list[list[Place]]:
    """For each kind, the dimensions that its units own a part of (read off its first unit)."""
    firsts = np.array([units[0] for units in kinds], np.int64)
    by_kind: list[list[Place]] = [[] for _ in kinds]
    for place in order:
        present = np.zeros(count, bool)
        present[places[place]] = True
        for kind in np.flatnonzero(present[firsts]).tolist():
            by_kind[kind].append(place)
    return by_kind


def _refusal(
    walk: CouplingWalk,
    places: Mapping[Place, Labels],
    touched: list[Place],
    units: Labels,
    reason: str | None,
    blocker: fx.Node | None,
    readers: Mapping[str, fx.Node],
) -> list[Refused]:
    makers = [p for p in touched if walk.roles.get(p) in ("producer", "depthwise")]
    if not makers:
        return []
    if reason is None:
        single_unit = any(len(np.unique(places[maker])) == 1 for maker in makers)
        reason = _INSEPARABLE if single_unit else _ALONE
    counts: dict[str, int] = {}
    for maker in makers:
        layer = layer_of(maker[0])
        counts.setdefault(layer, int(np.isin(places[maker], units).sum()))
    name, place = _said(blocker)
    if not place:
        name, place = _said(readers.get(makers[0][0]))
    return [Refused(tuple(counts), makers[0][1], reason, name, place, tuple(counts.values()))]


def _group(
    walk: CouplingWalk,
    solved: SolvedLabels,
    places: Mapping[Place, Labels],
    touched: list[Place],
    units: Labels,
    buffers: set[str],
) -> Group:
    rank = np.full(solved.count, -1, np.int64)
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
        members.append(
            Member(name, layer_of(name), dimension, role, name in buffers, tuple(indices))
        )
    makers = [member for member in members if member.role == "producer"]
    heads = solved.marks.get("head", {})
    multiple_indices = any(len(owned) > 1 for member in makers for owned in member.indices)
    statistic = next(
        (reason for kind in (solved.marks.get("normalised", {}),) for unit in units.tolist()
         if (reason := kind.get(unit)) is not None), None,
    )  # fmt: skip
    return Group(
        name=(makers or members)[0].layer,
        granularity="head" if multiple_indices and int(units[0]) in heads else "channel",
        units=len(units),
        members=tuple(members),
        normalised=statistic is not None,
        statistic=statistic,
        ids=units,
    )


def _roles(walk: CouplingWalk, touched: list[Place]) -> dict[Place, Role]:
    """The role of each member; at least one of a group is a producer."""
    roles = {place: walk.roles.get(place, "follower") for place in touched}
    for kinds in (("producer",), ("depthwise",), ("follower",), ("consumer",)):
        makers = [place for place, role in roles.items() if role in kinds]
        if makers:
            break
    if roles[makers[0]] in ("follower", "consumer"):
        makers = makers[:1]
    return {
        place: "producer" if place in makers else "consumer" if role == "consumer" else "follower"
        for place, role in roles.items()
    }
