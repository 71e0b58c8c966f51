"""The table of groups: what leaves together, what it frees, and what stays, with the reason."""

from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.groups import group_table
from prunescope.store.folder import StudyFolder
from prunescope.study.blocked import blocked
from prunescope.study.method import BLOCK
from prunescope.text import plain
from prunescope.text.blocking import worth
from prunescope.text.lists import first_few

_UNCUT: Final = 2
_MOST: Final = 5
"""Reasons that are spelled out below the table."""


def show(opened: StudyFolder) -> None:
    """Show every group of the study's model, those that cannot be removed included."""
    groups = [group for group in opened.manifest.groups if group.granularity != BLOCK]
    if not groups:
        return
    removable = opened.manifest.removable()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Groups: what leaves together", width="content", anchor=False)
        stay = len(groups) - len(removable)
        st.caption(
            f"{len(removable)} can be removed"
            + (f"; {stay} cannot, with the reason" if stay else "; none has to stay")
        )
    table = group_table(opened.manifest, loaders.measured(opened).points)
    take_away.table(opened, table, "Groups")
    counted = [_counted(names) for names in table["Coupled layers"]]
    table = table.assign(**{"Coupled layers": counted})  # the file has the names alone
    st.dataframe(
        table, hide_index=True, height=height(len(table), 360), placeholder="–",
        column_config=explained(table, {
            "Group": st.column_config.TextColumn(
                pinned=True, width=text_width(table["Group"], "Group")
            ),
            "Coupled layers": st.column_config.TextColumn(
                width=text_width(table["Coupled layers"], "Coupled layers", 240),
                help="Layers with weights that change with the group.",
            ),
            "One frees": st.column_config.NumberColumn(
                "One frees", format="compact", width=84,
                help="Parameters, when one unit leaves and nothing else does.",
            ),
            "One frees, MACs": st.column_config.NumberColumn(
                "its MACs", format="compact", width=80
            ),
            "Half frees": st.column_config.NumberColumn(
                "Half frees", format="percent", width=86,
                help="Share of the model's parameters, by half of the units of this group alone.",
            ),
            "Removal": st.column_config.TextColumn(
                help="Checked on this model: how far the network without half of the units "
                "is from the dense one with the same ones silenced, as a share of its outputs' "
                "scale. A sweep checks every group before it measures it."
            ),
            "Points": st.column_config.NumberColumn(help="Measured points of this group."),
            "Can leave": st.column_config.TextColumn(
                width=text_width(table["Can leave"], "Can leave", 240)
            ),
        }),
        alt="Every group with its layers, what it frees, and whether it can be removed",
    )  # fmt: skip
    reasons = blocked(opened.manifest)
    lines = [
        f"**{plain.text(first_few(reason.layers))}**: not prunable, because "
        f"{plain.text(reason.reason)}. {plain.text(worth(reason))}"
        for reason in reasons[:_MOST]
    ]
    if len(reasons) > _MOST:
        lines.append(f"and {len(reasons) - _MOST} more, in the table.")
    lines += [f"Left out: {plain.text(line)}" for line in opened.manifest.omissions()]
    if lines:
        st.caption("  \n".join(lines))


def _counted(names: str) -> str:
    """The layers of a group, where a narrow window may cut them with their number in front."""
    several = names.count(", ") + 1
    return f"{several} layers: {names}" if several > _UNCUT else names
