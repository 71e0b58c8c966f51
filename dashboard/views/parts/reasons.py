"""Why each layer got its sparsity: what a step costs and saves, what binds, what a lock costs."""

from typing import Final

import pandas as pd
import streamlit as st

from analysis.planning.explain import Reason, explain, lock_costs
from analysis.store.folder import Study
from dashboard import loaders
from dashboard.asked import BUDGETS, Asked
from dashboard.loaders import Measured
from dashboard.views.parts import solving
from dashboard.views.parts.words import height

_MOST_LOCKS: Final = 6


def show(opened: Study, known: Measured, asked: Asked) -> None:
    """Show the reasons of the solved plan, worked out only while they are looked at."""
    last = solving.solved(opened)
    if last is None or last.key != asked.key():
        return
    panel = st.expander(
        "Why these sparsities", key="reasons", on_change="rerun", icon=":material/help:"
    )
    with panel:
        if not panel.open:
            return
        problem = loaders.ready(opened, asked).problem
        found = explain(problem, last.solution)
        binding = last.solution.binding()
        kind = binding[0] if binding else problem.kinds[1]
        words = " and ".join(BUDGETS.get(each, each) for each in binding)
        st.caption(
            f"{words} {'bind' if len(binding) > 1 else 'binds'}: a looser limit would help, most "
            "of all on the first."
            if binding
            else "No budget binds: the plan would be the same without them."
        )
        st.dataframe(
            reason_table(found), hide_index=True, height=height(len(found), 360),
            column_config={
                "Sparsity": st.column_config.NumberColumn(format="%.4g %%"),
                "One step more": st.column_config.NumberColumn(
                    "One step more costs", format="%+.3g",
                    help="Change of what is kept small, at the next sparsity that was looked at.",
                ),
                "saves": st.column_config.NumberColumn(
                    f"and saves, % of {BUDGETS.get(kind, kind)}", format="%.2f"
                ),
                "One step less": st.column_config.NumberColumn(
                    "One step less wins back", format="%.3g"
                ),
                "costs": st.column_config.NumberColumn(
                    f"and costs, % of {BUDGETS.get(kind, kind)}", format="%.2f"
                ),
            },
            alt="What the next step of each layer costs and saves",
        )  # fmt: skip
        locked = dict(list(problem.goal.locks.items())[:_MOST_LOCKS])
        if locked:
            costs = lock_costs(opened.manifest, known.curves, problem, last.solution)
            told = [f"**{name}** {costs[name]:+.3g}" for name in locked if name in costs]
            st.caption("What each lock adds to what is kept small: " + " · ".join(told))


def reason_table(found: tuple[Reason, ...]) -> pd.DataFrame:
    """Return the reasons as a table; steps that there are not are empty."""
    nan = float("nan")
    return pd.DataFrame(
        [
            {
                "Layer": each.subject,
                "Sparsity": 100 * each.sparsity,
                "One step more": each.more.damage if each.more else nan,
                "saves": -100 * each.more.cost if each.more else nan,
                "One step less": -each.less.damage if each.less else nan,
                "costs": 100 * each.less.cost if each.less else nan,
                "Why": each.why,
            }
            for each in found
        ]
    )
