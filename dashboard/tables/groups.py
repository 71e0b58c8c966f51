"""What pages show of groups, as DataFrames and words. No Streamlit."""

import pandas as pd

from prunescope.study import GroupSummary, Manifest
from prunescope.study.coupled_groups import freed
from prunescope.study.method import BLOCK, UNITS
from prunescope.text.numbers import counted


def group_table(manifest: Manifest, points: pd.DataFrame) -> pd.DataFrame:
    """Return every group of units, removable or not, what it frees, and its measured points."""
    counts = points.loc[points["granularity"].isin(UNITS), "subject"].value_counts()
    rows = []
    for group in manifest.groups:
        if group.granularity == BLOCK:
            continue
        free = group.reason is None
        half = freed(manifest, {group.name: group.units // 2}).parameters if free else 0
        law = _exactness(group.law_error)
        rows.append(
            {
                "Group": group.name,
                "Units": f"{group.units} {group.granularity}s" if group.units else "–",
                "Coupled layers": ", ".join(weighted(manifest, group)) or "–",
                "One frees": group.unit_parameters if free else None,
                "One frees, MACs": group.unit_macs if free else None,
                "Half frees": half / max(manifest.parameters, 1) if free else None,
                "Removal": law if free else "–",
                "Points": int(counts.get(group.name, 0)) if free else 0,
                "Can leave": "yes" if free else f"no: {group.reason}",
            }
        )
    return pd.DataFrame(rows)


def _exactness(error: float | None) -> str:
    if error is None:
        return "not checked yet"
    return f"exact to {error:.0e}" if error else "exact"


def member_table(manifest: Manifest, name: str) -> pd.DataFrame:
    """Return every tensor dimension that gets smaller with the group ``name``."""
    words = {"producer": "makes the units", "consumer": "reads them", "follower": "goes along"}
    shapes = {tensor.name: tensor.shape for tensor in manifest.tensors}
    return pd.DataFrame(
        [
            {
                "Layer": member.layer,
                "Tensor": member.parameter,
                "Shape": " × ".join(map(str, shapes.get(member.parameter, ()))),
                "Dimension": member.dimension,
                "Role": words.get(member.role, member.role),
                "Indices per unit": member.indices,
            }
            for member in manifest.group(name).members
        ]
    )


def groups_of(manifest: Manifest, layer: str) -> list[GroupSummary]:
    """Return the groups that ``layer`` is a member of, those whose units it makes first."""
    groups = [group for group in manifest.groups if group.granularity != BLOCK]
    found = [g for g in groups if g.name == layer or layer in g.layers]
    return sorted(found, key=lambda g: part_of(g, layer) != "makes")


def part_of(group: GroupSummary, layer: str) -> str:
    """Return what ``layer`` does with the group's units: ``makes``, ``reads``, ``carries``."""
    roles = {member.role for member in group.members if member.layer == layer}
    words = {"producer": "makes", "consumer": "reads"}
    return " and ".join(word for role, word in words.items() if role in roles) or "carries"


def kind(manifest: Manifest, group: GroupSummary) -> str:
    """Return how many units a group has, across how many layers with weights."""
    layers = counted(len(weighted(manifest, group)), "layer")
    if group.granularity == BLOCK:
        return f"block, {layers}"
    return f"{group.units} {group.granularity}s, {layers}"


def weighted(manifest: Manifest, group: GroupSummary) -> list[str]:
    """Return the group's layers that have weights of their own, norms and biases left out."""
    known = {layer.name for layer in manifest.layers}
    return [name for name in group.layers if name in known]
