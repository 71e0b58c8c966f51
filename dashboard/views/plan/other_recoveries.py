"""What the goal comes to with the study's other recoveries, before a ruined plan is taken."""

from dataclasses import replace
from typing import Final

import streamlit as st

from prunescope.commands import Sweep
from prunescope.curves.dense import dense_score
from prunescope.dashboard.shared import knowledge, loaders, measure_buttons, session, study_stamps
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, plan_solution
from prunescope.planning.by_recovery import (
    Floor,
    RecoveryOutcome,
    best_alternative,
    measured_recoveries,
    next_for_ruined,
    outcome,
    recovery_words,
    side_by_side,
)
from prunescope.planning.chance_level import chance_level, class_count
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.study.recoveries import REFITS, TITLES
from prunescope.text import plain
from prunescope.text.scores import words_of

_WORTH: Final = 0.01
"""Below this predicted drop nothing can be better by a point, so nothing else is solved for."""


def offer(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> None:
    """Show a recovery that keeps more within the same budgets, and whether the plan is ruined."""
    last = plan_solution.solved(opened)
    if last is None or last.key != wanted.key() or last.limits != wanted.limits():
        return
    found = _outcomes(opened, known, wanted, last.plan)
    if not found:
        return
    operators, words = knowledge.operators(opened), words_of(opened.manifest)
    floor = Floor(
        chance_level(opened.manifest, operators),
        class_count(opened.manifest, operators),
        dense_score(opened.manifest, known.curves, wanted.recovery), words,
    )  # fmt: skip
    ruined, better = next_for_ruined(found, floor, "STUDY"), best_alternative(found, words)
    if ruined is None and better is None:
        return
    with st.container(border=True, key="other recoveries"):
        if ruined is not None:
            st.warning(plain.text(ruined), icon=":material/warning:")
        if len(found) > 1:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(plain.text(side_by_side(found, words, " on the Recover page")))
                if better is not None:
                    st.button(
                        f"Take the plan {recovery_words(better.recovery)}", key="take recovery",
                        type="primary", icon=":material/healing:", on_click=_take,
                        args=(opened, better.recovery),
                        help=f"{TITLES.get(better.recovery, better.recovery)}: solves the same "
                        "goal with this recovery, which then belongs to the plan.",
                    )  # fmt: skip
        if better is None and all(each.recovery not in REFITS for each in found):
            methods = tuple(dict.fromkeys(str(c.method) for c in last.plan.active().values()))
            sweep = replace(Sweep(recovery=("ls",)), methods=methods)
            measure_buttons.points(opened, [sweep], "measure recovery")


def _outcomes(
    opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm, plan: Plan
) -> tuple[RecoveryOutcome, ...]:
    """What every recovery comes to, the plan in force first; nothing where no drop is predicted."""
    key = f"recoveries {session.draft_key(opened)}"
    now = (plan.digest, wanted, study_stamps.signature(opened))
    kept = st.session_state.get(key)
    if kept is not None and kept[0] == now:
        outcomes: tuple[RecoveryOutcome, ...] = kept[1]
        return outcomes
    predict, measured = knowledge.predicted(opened), loaders.measured_plans(opened).score
    own = outcome(opened.manifest, known.curves, wanted.recovery, lambda: plan, predict, measured)
    outcomes = ()
    if own.prediction is not None and (own.prediction.drop or 0.0) > _WORTH:
        others = [name for name in measured_recoveries(known.curves) if name != wanted.recovery]
        outcomes = (
            own,
            *(
                outcome(
                    opened.manifest, known.curves, name,
                    lambda name=name: plan_solution.answer(  # type: ignore[misc]
                        opened, known, replace(wanted, recovery=name)
                    ).plan,
                    predict, measured,
                )
                for name in others
            ),
        )  # fmt: skip
    st.session_state[key] = (now, outcomes)
    return outcomes


def _take(opened: StudyFolder, recovery: str) -> None:
    st.session_state[goal_controls.RECOVERY] = recovery
    plan_solution.recover(opened, loaders.measured(opened))
