"""The page *Plans*: two to six plans beside each other, and where they differ."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from prunescope.commands import next_steps
from prunescope.curves.dense import dense_score
from prunescope.dashboard.charts.compared import Mark, compared_figure
from prunescope.dashboard.shared import (
    knowledge,
    page_header,
    pages,
    reference,
    session,
    take_away,
    view,
)
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.reference import COMPARED, DRAFT, MOST
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.views.plans import behaviour
from prunescope.errors import PrunescopeError
from prunescope.planning.against_reference import against_reference
from prunescope.planning.compare_plans import ComparedPlan, compared, differences
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain
from prunescope.text.scores import ScoreWords, words_of
from prunescope.text.units import bytes_, percent

_AGAINST: Final = "Against the reference"
_PLAN: Final = "plan"


def page() -> None:
    """Show the chosen plans of the chosen study."""
    opened = page_header.required()
    if opened is None:
        return
    words = words_of(opened.manifest)
    plans = _chosen(opened)
    if not plans:
        st.info(
            "No plan to compare yet. Solve or paint one on the page Plan and save it, or run: "
            f"`{next_steps.keep_solved(opened.folder)}`",
            icon=":material/compare_arrows:",
        )
        return
    known = knowledge.study_knowledge(opened)
    rows = compared(known, plans)
    _table(opened, rows, words, known)
    _open(opened, plans)
    left, right = st.columns(2, gap="large")
    with left:
        cost = "MACs" if all(row.macs is not None for row in rows) else "Weights"
        st.plotly_chart(
            compared_figure(
                [mark for row in rows for mark in _marks(known, row, cost)], cost, words,
                st.context.theme.type == "dark",
            ),
            config=chart_config(opened, "plans"), key="plans chart",
            alt=f"Score of each plan over the {cost} that it keeps",
        )  # fmt: skip
    with right:
        _differences(opened, plans)
    behaviour.show(opened, plans)


def _chosen(opened: StudyFolder) -> list[Plan]:
    """The plans that are compared, under different names."""
    draft = session.draft(opened).plan
    offered = reference.offered(opened)
    if not offered:
        return []
    usual = offered[:MOST]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "Plans", offered, key=view.kept(COMPARED, usual, view.some_of(offered, MOST)),
            max_selections=MOST, placeholder="Choose two to six",
            help="Saved plans of this study, and the draft of this window.",
        )  # fmt: skip
        reference.choice(opened)
    plans = []
    for name in names:
        try:
            plans.append(replace(draft, name=DRAFT) if name == DRAFT else opened.plan(name))
        except PrunescopeError as error:
            st.warning(plain.text(str(error)), icon=":material/broken_image:")
    return plans


def _table(
    opened: StudyFolder, rows: Sequence[ComparedPlan], words: ScoreWords, known: StudyKnowledge
) -> None:
    frame = pd.DataFrame([_row(row, words) for row in rows])
    pinned = reference.plan(opened)
    if pinned is not None:
        said = [_against(known, row.plan, pinned, words) for row in rows]
        frame.insert(1, _AGAINST, said)
    take_away.table(opened, frame, "Plans")
    st.dataframe(
        frame, hide_index=True, height=height(len(frame)), placeholder="–",
        column_config=explained(frame, {
            "Plan": st.column_config.TextColumn(
                pinned=True, width=text_width(frame["Plan"], "Plan")
            ),
            _AGAINST: st.column_config.TextColumn(
                help="Score and cost less the reference's: both measured, with the difference's "
                "95 % interval, or both predicted. The cost is a share of what the reference "
                "keeps.",
                width=text_width(frame.get(_AGAINST, []), _AGAINST),
            ),
            "MACs": st.column_config.TextColumn(help="Kept, of the dense network's."),
            "Weights": st.column_config.TextColumn(help="Parameters that are not zero."),
            "Predicted": st.column_config.TextColumn(
                f"Predicted {words.loss_word}",
                help=f"{words.loss_word.capitalize()}, with the interval that holds nine plans of "
                "ten.",
                width=text_width(frame["Predicted"], f"Predicted {words.loss_word}"),
            ),
            "Measured": st.column_config.TextColumn(
                f"Measured {words.loss_word}",
                help=f"Mean {words.loss_word} on the validation split, with its 95 % interval.",
                width=text_width(frame["Measured"], f"Measured {words.loss_word}"),
            ),
            "Test": st.column_config.TextColumn(help="The same on the test split, for the report."),
            "Worst class": st.column_config.TextColumn(
                help="Recalled least after pruning, and how the dense network recalls it.",
                width=text_width(frame["Worst class"], "Worst class"),
            ),
        }),
        alt="Each plan with what it keeps and loses",
    )  # fmt: skip


def _against(known: StudyKnowledge, plan: Plan, pinned: Plan, words: ScoreWords) -> str:
    if plan.name == pinned.name:
        return "is the reference"
    return against_reference(
        known.study.manifest, known.curves, known.predicted, known.measured, plan, pinned,
        reference.stored_answers(known.study),
    ).words(words)  # fmt: skip


def _row(row: ComparedPlan, words: ScoreWords) -> dict[str, str | None]:
    guess, interval, worst = row.prediction.drop, row.prediction.interval, row.worst
    predicted = None if guess is None else words.drop(guess)
    if predicted is not None and interval is not None:
        predicted += f" ({words.span(interval)})"
    measured = [
        None if each is None else f"{words.drop(each.drop.mean)} ({words.span(each.drop)})"
        for each in (row.validation, row.test)
    ]
    recalled = None
    if worst is not None:
        dense = "" if worst.dense is None else f", dense {percent(worst.dense)}"
        recalled = f"{worst.name}: {percent(worst.recall)}{dense}"
    return {
        "Plan": row.plan.name,
        "MACs": None if row.macs is None else percent(row.macs),
        "Weights": percent(row.parameters),
        "Bytes": bytes_(row.size.dense_bytes),
        "Predicted": predicted,
        "Measured": measured[0],
        "Recovery": row.plan.recovery,
        "Worst class": recalled,
        "Test": measured[1],
    }


def _marks(known: StudyKnowledge, row: ComparedPlan, cost: str) -> list[Mark]:
    kept = row.macs if cost == "MACs" and row.macs is not None else row.parameters
    if row.validation is not None:
        drop, score = row.validation.drop, row.validation.score
        dense = score + drop.mean  # after the same recovery
        return [Mark(row.plan.name, kept, score, dense - drop.high, dense - drop.low, True)]
    dense = dense_score(known.study.manifest, known.curves, row.plan.recovery)
    guess, interval = row.prediction.drop, row.prediction.interval
    if guess is None:
        return []
    low, high = (guess, guess) if interval is None else (interval.low, interval.high)
    return [Mark(row.plan.name, kept, dense - guess, dense - high, dense - low, False)]


def _open(opened: StudyFolder, plans: Sequence[Plan]) -> None:
    saved = {plan.name: plan for plan in plans if plan.name != DRAFT}
    if not saved:
        return
    with st.container(horizontal=True):
        for name, plan in saved.items():
            if st.button(
                plain.text(f"Open {name}"), key=f"open plan {name}", icon=":material/tune:",
                help="Makes it the draft on the page Plan.",
            ):  # fmt: skip
                session.edit(opened, plan)
                session.turn(plan)
                pages.go(_PLAN)


def _differences(opened: StudyFolder, plans: Sequence[Plan]) -> None:
    found = differences(opened.manifest, plans)
    st.subheader("Where they differ", anchor=False)
    if len(plans) < 2:
        st.caption("Choose another plan to compare this one with.")
        return
    if not found:
        st.caption("These plans remove the same from every layer and group.")
        return
    frame = pd.DataFrame(
        [
            {"Layer or group": each.subject}
            | dict(zip([plan.name for plan in plans], each.words(), strict=True))
            for each in found
        ]
    )
    take_away.table(opened, frame, "Differences")
    st.dataframe(
        frame, hide_index=True, height=height(len(frame)),
        column_config=explained(frame, {
            "Layer or group": st.column_config.TextColumn(
                pinned=True, width=text_width(frame["Layer or group"], "Layer or group")
            )
        }, others="What this plan removes of it."),
        alt="What each plan removes from the layers that they treat otherwise",
    )  # fmt: skip
