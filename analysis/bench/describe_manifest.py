"""What a manifest says about groups, tensors and costs, so that plans need no torch."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import fx

from prunescope.bench.describe_blocks import (
    block_summaries,
    graph_with_blocks,
    leaves_with,
    tensors_with_blocks,
)
from prunescope.blocks import find_blocks, leaving
from prunescope.blocks.leaving import Clauses
from prunescope.capture.graph import Captured
from prunescope.coupling.groups import Coupling, Group, Refused
from prunescope.coupling.mac_polynomials import mac_polynomials
from prunescope.coupling.node_sizes import graph_summary
from prunescope.study import GroupSummary, MacTerm, Manifest, MemberSummary, TensorSummary
from prunescope.study.summaries import Blocks


def describe(manifest: Manifest, captured: Captured, coupling: Coupling) -> Manifest:
    """Return ``manifest`` with groups, tensors and the terms of the multiply-accumulates.

    All of it is read off the dense graph and its labels; no smaller network is made. Residual
    blocks come after the groups, so that places in the list of groups stay what they are.
    """
    blocks = find_blocks(captured)
    clauses = leaving(captured.module.graph, blocks.removable)
    tensors = tensors_with_blocks(_tensors(captured), captured, clauses)
    names = {tensor.name for tensor in tensors}
    groups = [
        *(_summary(group, names) for group in coupling.groups),
        *(_refusal(refused) for refused in coupling.refused),
        *block_summaries(blocks, tensors),
    ]
    layer_groups = _groups_by_layer(coupling)
    described = replace(
        manifest,
        groups=tuple(groups),
        tensors=tensors,
        mac_terms=_terms(captured, coupling, clauses),
        graph=graph_with_blocks(graph_summary(captured, coupling), captured, clauses),
        layers=tuple(
            replace(layer, group=layer_groups.get(layer.parameter)) for layer in manifest.layers
        ),
    )
    return replace(described, groups=_priced(described))


def _summary(group: Group, names: set[str]) -> GroupSummary:
    return GroupSummary(
        name=group.name,
        granularity=group.granularity,
        units=group.units,
        members=tuple(
            MemberSummary(m.parameter, m.layer, m.dimension, m.role, len(m.indices[0]))
            for m in group.members
            if m.parameter in names
        ),
        normalised=group.normalised,
        reason=group.reason,
    )


def _refusal(refused: Refused) -> GroupSummary:
    counts = refused.indices or (0,) * len(refused.layers)
    members = tuple(
        MemberSummary("", layer, refused.dimension, "producer", count)
        for layer, count in zip(refused.layers, counts, strict=True)
    )
    name = refused.layers[0] if refused.layers else "?"
    return GroupSummary(
        name, "channel", 0, members, reason=refused.reason, operator=refused.operator,
        place=refused.place,
    )  # fmt: skip


def _priced(manifest: Manifest) -> tuple[GroupSummary, ...]:
    """The groups with what one unit of each frees alone, as ``coupled_groups.freed`` says it.

    One pass over tensors and terms: each is looked at for the groups that it falls with, and no
    other, so that the cost stays linear in the groups.
    """
    tensors = {tensor.name: tensor for tensor in manifest.tensors}
    macs: defaultdict[str, float] = defaultdict(float)
    for term in manifest.mac_terms:
        shares: defaultdict[str, list[float]] = defaultdict(list)
        for factor in term.sums():
            for name, share in factor:
                shares[name].append(share)
        for name, of_name in shares.items():
            macs[name] += term.macs * (1 - math.prod(1 - share for share in of_name))
    priced = []
    for group in manifest.groups:
        if group.reason is not None:
            priced.append(group)
            continue
        shapes: dict[str, list[int]] = {}
        for member in group.members:
            shape = shapes.setdefault(member.parameter, list(tensors[member.parameter].shape))
            shape[member.dimension] -= member.indices
        lost = {name: math.prod(tensors[name].shape) - math.prod(s) for name, s in shapes.items()}
        priced.append(
            replace(
                group,
                unit_parameters=sum(n for name, n in lost.items() if not tensors[name].buffer),
                unit_macs=round(macs[group.name]),
                unit_bytes=sum(n * tensors[name].width for name, n in lost.items()),
            )
        )
    return tuple(priced)


def _tensors(captured: Captured) -> tuple[TensorSummary, ...]:
    """Parameters and saved buffers, each once."""
    state = captured.module.state_dict(keep_vars=True)
    seen: set[int] = set()
    found = []
    for name, tensor in state.items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            buffer = not isinstance(tensor, torch.nn.Parameter)
            found.append(TensorSummary(name, tuple(tensor.shape), tensor.element_size(), buffer))
    return tuple(found)


def _terms(
    captured: Captured, coupling: Coupling, clauses: Mapping[fx.Node, Clauses]
) -> tuple[MacTerm, ...]:
    """The multiply-accumulates of all operators, added up where they fall alike."""
    names = [group.name for group in coupling.groups]
    macs: defaultdict[tuple[Blocks, tuple[tuple[tuple[str, float], ...], ...]], int] = defaultdict(
        int
    )
    for polynomial in mac_polynomials(captured, coupling):
        factors = tuple(
            sorted(
                tuple((names[group], share) for group, share in factor)
                for factor in polynomial.factors
            )
        )
        macs[leaves_with(clauses[polynomial.node]), factors] += polynomial.macs
    return tuple(
        MacTerm(number, factors=factors, leaves_with=blocks)
        for (blocks, factors), number in macs.items()
        if number
    )


def _groups_by_layer(coupling: Coupling) -> dict[str, str]:
    """Weight name → the group that its outputs belong to."""
    return {
        member.parameter: group.name
        for group in reversed(coupling.groups)
        for member in group.members
        if member.role == "producer" and not member.buffer
    }
