"""With whom a layer is coupled, and what else would change with it."""

import streamlit as st

from analysis.planning.shrink import frees
from analysis.store.folder import Study
from analysis.study import GroupSummary
from dashboard import units
from dashboard.tables import groups_of, member_table


def show(opened: Study, layer: str) -> None:
    """Show the groups that ``layer`` is a member of, with every coupled tensor."""
    for name in groups_of(opened.manifest, layer):
        group = opened.manifest.group(name)
        others = [each for each in group.layers if each != name]
        title = f"{group.units} {group.granularity}s of **{name}**"
        title += f", coupled with {', '.join(others[:3])}" if others else ", coupled with no other"
        title += f" and {len(others) - 3} more" if len(others) > 3 else ""
        with st.expander(title, icon=":material/hub:"):
            st.markdown(_told(opened, group))
            st.dataframe(
                member_table(opened.manifest, name), hide_index=True,
                alt=f"Tensor dimensions that get smaller with {name}",
            )  # fmt: skip


def _told(opened: Study, group: GroupSummary) -> str:
    if group.reason is not None:
        return f"These cannot be removed: {group.reason}."
    parameters, macs = frees(opened.manifest, group.name)
    text = (
        f"One {group.granularity} that leaves frees {units.count(parameters)} parameters and "
        f"{units.count(macs)} MACs per sample, in all the tensors below at once."
    )
    if group.normalised:
        text += (
            " A norm runs over this dimension: its statistic is taken over what is kept, so no "
            "mask equals the removal."
        )
    if group.law_error is not None:
        text += (
            f" Checked on this model: without half of them its outputs differ by "
            f"{group.law_error:.1e} of their scale from those of the dense network with the same "
            "ones silenced."
        )
    return text
