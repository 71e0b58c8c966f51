"""What a manifest says about groups, tensors and costs, so that plans need no torch."""

from dataclasses import replace

import torch

from prunescope.capture.cost import Cost, cost
from prunescope.capture.graph import Captured
from prunescope.capture.layers import Layer
from prunescope.coupling.groups import Coupling, Group, Refused
from prunescope.coupling.node_sizes import graph_summary
from prunescope.removal.remove import remove
from prunescope.study import GroupSummary, MacTerm, Manifest, MemberSummary, TensorSummary
from prunescope.study.coupled_groups import freed


def describe(
    manifest: Manifest, captured: Captured, known: Cost, layers: tuple[Layer, ...], found: Coupling
) -> Manifest:
    """Return ``manifest`` with groups, tensors and the terms of the multiply-accumulates."""
    tensors = _tensors(captured)
    terms = _terms(captured, known, layers, found)
    names = {tensor.name for tensor in tensors}
    groups = [
        *(_summary(group, names) for group in found.groups),
        *(_refusal(refused) for refused in found.refused),
    ]
    layer_groups = _groups_by_layer(found)
    described = replace(
        manifest,
        groups=tuple(groups),
        tensors=tensors,
        mac_terms=terms,
        graph=graph_summary(captured, found),
        layers=tuple(
            replace(layer, group=layer_groups.get(layer.parameter)) for layer in manifest.layers
        ),
    )
    return replace(described, groups=tuple(_priced(described, group) for group in groups))


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
    members = tuple(
        MemberSummary("", layer, refused.dimension, "producer", 0) for layer in refused.layers
    )
    name = refused.layers[0] if refused.layers else "?"
    return GroupSummary(name, "channel", 0, members, reason=refused.reason)


def _priced(manifest: Manifest, group: GroupSummary) -> GroupSummary:
    if group.reason is not None:
        return group
    one = freed(manifest, {group.name: 1})
    return replace(group, unit_parameters=one.parameters, unit_macs=one.macs, unit_bytes=one.bytes)


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
    captured: Captured, known: Cost, layers: tuple[Layer, ...], found: Coupling
) -> tuple[MacTerm, ...]:
    weight = {node.name: layer.parameter for layer in layers for node in layer.nodes}
    terms = [
        MacTerm(macs, weight[node]) for node, macs in known.macs_by_node.items() if node in weight
    ]
    free = {node: macs for node, macs in known.macs_by_node.items() if node not in weight and macs}
    shares: dict[str, list[tuple[str, float]]] = {node: [] for node in free}
    if free:  # products between activations: see what one unit of each group changes
        for group in found.groups:
            if group.reason is not None:
                continue
            keep = torch.ones(group.units, dtype=torch.bool)
            keep[-1] = False
            after = cost(remove(captured, {group.name: keep})).macs_by_node
            for node, macs in free.items():
                if after.get(node, macs) != macs:
                    shares[node].append((group.name, (macs - after[node]) / macs))
    terms += [MacTerm(macs, None, tuple(shares[node])) for node, macs in free.items()]
    return tuple(terms)


def _groups_by_layer(found: Coupling) -> dict[str, str]:
    """Weight name → the group that its outputs belong to."""
    return {
        member.parameter: group.name
        for group in reversed(found.groups)
        for member in group.members
        if member.role == "producer" and not member.buffer
    }
