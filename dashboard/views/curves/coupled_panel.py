"""With whom a layer is coupled, what leaves together, and what that frees."""

import pandas as pd
import streamlit as st

from prunescope.dashboard.shared import loaders, measured_speed, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height
from prunescope.dashboard.tables.groups import groups_of, member_table, part_of
from prunescope.store.folder import StudyFolder
from prunescope.study import GroupSummary, Manifest
from prunescope.study.coupled_groups import Freed, freed, meetings, units_at_share
from prunescope.study.network_size import shrunk
from prunescope.text import plain, units
from prunescope.text.numbers import exact


def show(opened: StudyFolder, subject: str, granularity: str) -> None:
    """Show the group ``subject``, or the groups that the layer ``subject`` is a member of.

    Args:
        opened: The study.
        subject: A group where units leave (``channel``, ``head``), else a layer.
        granularity: What leaves on the page.
    """
    manifest = opened.manifest
    if granularity != "weight":
        _group(opened, manifest.group(subject), subject)
        if loaders.latency(opened):
            measured_speed.staircase(opened, subject)
        return
    for group in groups_of(manifest, subject):  # a refused part may share a group's name
        with st.expander(_title(group, subject), icon=":material/hub:"):
            _group(opened, group, subject)


def _title(group: GroupSummary, layer: str) -> str:
    others = [each for each in group.layers if each != layer]
    what = f"{group.units} {group.granularity}s" if group.units else f"{group.granularity}s"
    title = f"**{plain.text(layer)}** {part_of(group, layer)} {what}"
    if group.reason is not None:
        return f"{title}, which stay"
    with_whom = ", ".join(map(plain.text, others[:3])) + (
        f" and {len(others) - 3} more" if len(others) > 3 else ""
    )
    return f"{title}, together with {with_whom}" if others else f"{title}, alone"


def _group(opened: StudyFolder, group: GroupSummary, subject: str) -> None:
    manifest = opened.manifest
    if group.reason is not None:
        st.markdown(f"Not prunable, because {plain.text(group.reason)}.")
        return
    kind = f"{group.granularity}s"
    left, right = st.columns([5, 7], gap="medium")
    with left:
        st.markdown(
            f"**{group.units} {kind} that leave together**, one decision for {len(group.layers)} "
            f"layers. Made by {_listed(_named(group, 'producer'))}; read by "
            f"{_listed(_named(group, 'consumer'))}."
        )
        count = max(group.units // 2, 1)
        if group.units > 2:
            count = st.slider(
                f"{kind.capitalize()} that leave", 1, group.units - 1, count,
                key=f"coupled {subject} {group.name}", persist_state="session",
                help="Only a look at what it frees: the plan is made on the Plan page.",
            )  # fmt: skip
        _frees(manifest, group, count)
        st.caption(_law(group))
    with right:
        _sides(opened, group, count)
        with st.expander("Every tensor that gets smaller", icon=":material/hub:"):
            table = member_table(manifest, group.name)
            take_away.table(opened, table, "Tensors", group.name)
            st.dataframe(
                table, hide_index=True, height=height(len(table), 360), placeholder="–",
                column_config=explained(table, {}),
                alt=f"Tensor dimensions that get smaller with {group.name}",
            )  # fmt: skip


def _frees(manifest: Manifest, group: GroupSummary, count: int) -> None:
    found = freed(manifest, {group.name: count})
    totals = Freed(manifest.parameters, manifest.bytes, manifest.macs)
    with st.container(horizontal=True, key=f"coupled frees {group.name}"):
        for label, shown, now, whole in (
            ("Frees parameters", units.count, found.parameters, totals.parameters),
            ("Frees MACs", units.count, found.macs, totals.macs),
            ("Frees bytes", units.bytes_, found.bytes, totals.bytes),
        ):
            st.metric(
                label, shown(now), f"{units.percent(now / whole if whole else 0)} of all",
                delta_color="off", delta_arrow="off", border=True,
                help=f"{exact(now)} by {count} of {group.units} {group.granularity}s of this group "
                "alone, exact: what the exported model has less.",
            )  # fmt: skip


def _sides(opened: StudyFolder, group: GroupSummary, count: int) -> None:
    """Layers that change, by this group alone and with their other side pruned alike."""
    manifest = opened.manifest
    found = meetings(manifest, group.name, count)
    if not found:
        return
    rows = [
        {
            "Layer": each.layer,
            "Here it": part_of(group, each.layer),
            "Weights": each.elements,
            "Left": each.alone / each.elements,
            "Other side": ", ".join(n for n in each.groups if n != group.name) or "–",
            "Left by both": each.together / each.elements,
        }
        for each in found
    ]
    share = count / group.units
    take_away.table(opened, pd.DataFrame(rows), "Coupled layers", group.name)
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=height(len(rows), 240), placeholder="–",
        column_config=explained(rows[0], {
            "Layer": st.column_config.TextColumn(pinned=True),
            "Weights": st.column_config.NumberColumn(format="compact"),
            "Left": st.column_config.NumberColumn(
                format="percent", help="Of its weights, when this group alone is pruned so far."
            ),
            "Other side": st.column_config.TextColumn(
                help="The group at the layer's other side: choose its row to prune it too."
            ),
            "Left by both": st.column_config.NumberColumn(
                format="percent",
                help="When the other side loses the same share of its units: what stays is the "
                "product of both.",
            ),
        }),
        alt=f"Layers that change with {group.name}, and what is left of their weights",
    )  # fmt: skip
    left = shrunk(manifest, units_at_share(manifest, group.granularity, share))
    st.caption(
        f"The same share ({units.percent(share, 0)}) out of every group of {group.granularity}s "
        f"frees {units.percent(1 - left.parameters / max(manifest.parameters, 1), 0)} of the "
        f"model's parameters and {units.percent(1 - left.macs / max(manifest.macs, 1), 0)} of its "
        "MACs, because most weights shrink on both sides."
    )


def _named(group: GroupSummary, role: str) -> list[str]:
    return list(dict.fromkeys(m.layer for m in group.members if m.role == role))


def _listed(names: list[str], most: int = 6) -> str:
    if not names:
        return "no layer with weights"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(plain.code, names[:most])) + more


def _law(group: GroupSummary) -> str:
    if group.law_error is None:
        text = "Not checked on this model yet: a sweep of this group begins with the check."
    else:
        apart = (
            f"differ by {group.law_error:.0e} of their scale from" if group.law_error else "equal"
        )
        text = (
            f":material/check: Checked on this model: without half of these {group.granularity}s "
            f"its outputs {apart} those of the dense network in which the same ones are silenced."
        )
    if group.normalised:
        text += (
            " A norm runs over this dimension: its statistic is taken over what is kept, so no "
            "mask equals the removal."
        )
    return text
