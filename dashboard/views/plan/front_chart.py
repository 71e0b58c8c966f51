"""The trade-off chart: every mark is a plan that a click opens."""

from dataclasses import replace
from typing import Any

import streamlit as st

from prunescope.curves.dense import dense_score
from prunescope.dashboard.charts.front import front_figure
from prunescope.dashboard.charts.front_layer import add_layer
from prunescope.dashboard.shared import knowledge, loaders, plan_summary, problems, rights, session
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.goal_form import BUDGETS, GoalForm
from prunescope.dashboard.shared.launch import pressed
from prunescope.dashboard.tables.front import with_draft
from prunescope.planning.prediction.predict import Prediction
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

_KEY = "front"
_PLANS = "front plans"


def show(opened: StudyFolder, asked: GoalForm, guess: Prediction, layer: str | None = None) -> None:
    """Show the front over the first budget's cost with measured and saved plans, and the draft.

    Args:
        opened: The study.
        asked: What the goal's controls say.
        guess: What is expected of the draft.
        layer: The layer or group that the page is about; a strip shows what each plan removes.
    """
    if not asked.budgets:
        return
    kind = next(iter(asked.budgets))
    draft = session.draft(opened).plan
    curves = loaders.measured(opened).curves
    made = knowledge.trade_off(opened, kind, asked.recovery, asked.setting)
    st.session_state[_PLANS] = made.plans
    found = bool((made.points["kind"] == "front").any())
    points = with_draft(
        made, dense_score(opened.manifest, curves, draft.recovery), draft,
        plan_summary.measured_row(loaders.verified(opened), draft),
        knowledge.share(opened, kind, asked.setting), guess, opened.manifest.scale,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Trade-off", anchor=False, width="content")
        st.caption(
            "Hollow marks are predicted, filled ones measured. A click opens the plan."
            if found
            else "Sweep the front to see what other budgets would cost."
        )
        st.space("stretch")
        st.button(
            "Sweep it again" if found else "Sweep the front", key="sweep front",
            icon=":material/ssid_chart:", disabled=rights.locked(),
            help=rights.why(
                "Solves for a row of budgets, with the locks as they are, in a job; every point "
                "is a plan."
            ),
            on_click=pressed, args=(opened.folder, lambda: [asked.front()]),
        )  # fmt: skip
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else 1.0
    figure = front_figure(
        points, BUDGETS[kind], words_of(opened.manifest), baseline,
        st.context.theme.type == "dark", dense_score(opened.manifest, curves, asked.recovery),
    )  # fmt: skip
    if layer is not None:
        add_layer(figure, points, made.plans | {draft.digest: draft}, layer)
    st.plotly_chart(
        figure, key=_KEY, on_select=lambda: _clicked(opened), selection_mode="points",
        config=chart_config(opened, "front", kind),
        alt=f"Score over {BUDGETS[kind]} of predicted and measured plans, and what they remove of "
        f"{layer}",
    )  # fmt: skip


def opened_by(points: list[dict[str, Any]], plans: dict[str, Plan]) -> Plan | None:
    """Return the plan behind the first of the clicked points, if it is one's own."""
    for point in points:
        custom = point.get("customdata")
        digest = custom[0] if isinstance(custom, list | tuple) and custom else None
        if isinstance(digest, str) and digest in plans:
            return plans[digest]
    return None


def _clicked(opened: StudyFolder) -> None:
    state = st.session_state.get(_KEY)
    points = state["selection"]["points"] if state else []
    plan = opened_by(list(points), st.session_state.get(_PLANS, {}))
    if plan is not None:
        open_plan(opened, plan)


def open_plan(opened: StudyFolder, plan: Plan) -> None:
    """Make ``plan`` the draft; the locks of the present one stay."""
    locks = session.draft(opened).plan.choices
    kept = {
        name: replace(choice, locked=name in locks and locks[name].locked)
        for name, choice in plan.choices.items()
    }
    session.turn(plan)
    with problems.shown():
        session.edit(opened, replace(plan, choices=kept))
