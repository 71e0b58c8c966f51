"""The goal's controls: budgets as sliders, and in *Settings* everything else that decides."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from prunescope.curves.curve import subjects
from prunescope.dashboard.shared import loaders, session, view
from prunescope.dashboard.shared.drop_input import drop_input, key_of
from prunescope.dashboard.shared.goal_form import (
    BUDGETS,
    OBJECTIVES,
    GoalForm,
    methods,
    offered,
    recoveries,
)
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.machines import named
from prunescope.planning.named_choices import locked_choices
from prunescope.planning.solve.goal import ROUNDINGS
from prunescope.store.folder import StudyFolder
from prunescope.study.recoveries import TITLES
from prunescope.text import plain
from prunescope.text.scores import words_of

AROUND: Final = "goal around"
RECOVERY: Final = "goal recovery"
"""Keys of controls that others read."""
TRIES: Final = 8
"""Plans, unless the settings say otherwise: each is evaluated on the whole validation split."""
_TRIES: Final = "goal tries"
_DROP: Final = "goal drop"
_WORST: Final = "goal worst class"
_WIDE: Final = 560
"""Pixels of the settings, so that all are in view at once."""
_MOST: Final = 3
Change = Callable[[], None]


def budgets(opened: StudyFolder, known: StudyMeasurements, change: Change) -> None:
    """Show which costs have a budget, and a slider for each."""
    kinds = _kinds(opened, known)
    chosen = st.multiselect(
        "Budgets", kinds, format_func=BUDGETS.__getitem__,
        key=view.kept("goal budgets", kinds[:1], view.some_of(kinds, _MOST)),
        max_selections=_MOST, width=250, persist_state="session",
        placeholder="None", on_change=change,
        help="What the plan may cost at most. Several hold at once.",
    )  # fmt: skip
    for kind in chosen:
        st.slider(
            f"{BUDGETS[kind]}, at most", 1, 100, format="%d %%", width=175,
            key=view.kept(f"goal {kind}", 100, view.between(1, 100)), persist_state="session",
            on_change=change,
            help="Of the dense network's. What is locked stays; the rest is solved.",
        )  # fmt: skip
    words = words_of(opened.manifest)
    drop_input(
        words, f"{words.loss_word.capitalize()} at most", _DROP, None,
        "Kept by what is predicted of the whole plan.", 140, change,
    )  # fmt: skip
    if _has_classes(opened):
        st.number_input(
            "No class more than, pt", 0.5, 100.0, None, 0.5, width=140, placeholder="any",
            key=view.kept(_WORST, None, view.between(0.5, 100.0, empty=True)),
            persist_state="session", on_change=change,
            help="How much of its recall any class may lose, by what is predicted of the whole "
            "plan.",
        )  # fmt: skip


def settings(
    opened: StudyFolder, known: StudyMeasurements, change: Change, recover: Change
) -> None:
    """Show everything else that decides what is solved, in two columns."""
    with st.container(width=_WIDE):
        left, right = st.columns(2, gap="medium")
    with left:
        _kept(opened, known, change, recover)
    with right:
        _restricted(opened, change)
        _search()


def _kept(opened: StudyFolder, known: StudyMeasurements, change: Change, recover: Change) -> None:
    """What stays small, and what may be done for it."""
    recovery = _recovery(opened, known)
    st.session_state[RECOVERY] = recovery  # the draft may be another plan by now
    st.selectbox(
        "Keep small", list(OBJECTIVES), format_func=OBJECTIVES.__getitem__,
        key=view.kept("goal objective", next(iter(OBJECTIVES)), view.one_of(OBJECTIVES)),
        persist_state="session", on_change=change,
        help="Accuracy is flat and noisy where little is removed; KL and cross-entropy are not.",
    )  # fmt: skip
    st.selectbox(
        "After pruning", list(dict.fromkeys([*recoveries(known.curves), recovery])), key=RECOVERY,
        persist_state="session", format_func=lambda name: TITLES.get(name, name), on_change=recover,
        help="Which curves count, and what is done to the plan. Sweep with a recovery to have it "
        "here.",
    )  # fmt: skip
    st.selectbox(
        "Units kept are multiples of", ROUNDINGS, persist_state="session",
        key=view.kept("goal round", ROUNDINGS[0], view.one_of(ROUNDINGS)), on_change=change,
        help="Kernels work in blocks: 13 channels can cost as much as 16.",
    )  # fmt: skip
    offered_methods = _methods(opened, known)
    st.multiselect(
        "Methods", offered_methods, on_change=change,
        key=view.kept(_own(opened, "methods"), [], view.some_of(offered_methods)),
        persist_state="session", placeholder="All that were measured",
        help="Which may be taken.",
    )  # fmt: skip
    tables = {str(table.setting): named(table.setting) for table in loaders.latency(opened)}
    if len(tables) > 1:
        st.selectbox(
            "Latency by", list(tables), format_func=tables.__getitem__,
            key=view.kept(_own(opened, "table"), next(iter(tables)), view.one_of(tables)),
            on_change=change, persist_state="session",
            help="Which table a latency budget is kept by.",
        )  # fmt: skip


def _restricted(opened: StudyFolder, change: Change) -> None:
    """What stays dense, and what is bounded."""
    names = subjects(opened.manifest)
    st.multiselect(
        "Stay dense", names, on_change=change,
        key=view.kept(_own(opened, "excluded"), [], view.some_of(names)),
        persist_state="session", placeholder="None",
        help="Layers and groups that the solver leaves whole.",
    )  # fmt: skip
    bounded = st.multiselect(
        "Bounded", names, on_change=change, persist_state="session",
        key=view.kept(_own(opened, "bounded"), [], view.some_of(names)),
        placeholder="None", help="Layers and groups with a least and a largest sparsity.",
    )  # fmt: skip
    for name in bounded:
        st.slider(
            f"{plain.text(name)}, sparsity", 0, 100, format="%d %%", on_change=change,
            key=view.kept(_own(opened, f"bound {name}"), (0, 100), view.spans(0, 100)),
            persist_state="session",
        )  # fmt: skip


def _search() -> None:
    """What is done once a solved plan is there."""
    st.toggle(
        "Look around when it rests", key=view.kept(AROUND, True, view.switch),
        persist_state="session",
        help="A solved plan that stays for a second is compared with what lies around it and with "
        "the plans of simple rules, each predicted as a whole; a better one is offered.",
    )  # fmt: skip
    st.number_input(
        "Plans to measure", 2, 20, key=view.kept(_TRIES, TRIES, view.between(2, 20)),
        persist_state="session",
        help="How many *Measure the best few* really applies and evaluates, those included that "
        "were measured before.",
    )  # fmt: skip


def tries() -> int:
    """Return how many plans are measured where the best few are asked for."""
    return int(st.session_state.get(_TRIES) or TRIES)


def asked(opened: StudyFolder, known: StudyMeasurements) -> GoalForm:
    """Return what the controls ask for now."""
    state = st.session_state
    kinds = _kinds(opened, known)
    chosen = [kind for kind in state.get("goal budgets", kinds[:1]) if kind in kinds]
    names = subjects(opened.manifest)
    tables = [str(table.setting) for table in loaders.latency(opened)]
    setting = state.get(_own(opened, "table"))
    bounded = [name for name in state.get(_own(opened, "bounded"), ()) if name in names]
    measured = _methods(opened, known)
    words = words_of(opened.manifest)
    drop = state.get(key_of(words, _DROP))
    return GoalForm(
        {kind: float(state.get(f"goal {kind}", 100)) for kind in chosen},
        None if drop is None else words.stored_drop(drop),
        state.get("goal objective") or "divergence",
        _recovery(opened, known),
        state.get("goal round") or 1,
        locked_choices(session.draft(opened).plan),
        {name: _span(state.get(_own(opened, f"bound {name}"), (0, 100))) for name in bounded},
        tuple(name for name in state.get(_own(opened, "excluded"), ()) if name in names),
        tuple(name for name in state.get(_own(opened, "methods"), ()) if name in measured),
        setting if setting in tables[1:] else "",
        words,
        _worst_class(opened),
    )


def _worst_class(opened: StudyFolder) -> float | None:
    points = st.session_state.get(_WORST) if _has_classes(opened) else None
    return None if points is None else float(points) / 100


def _has_classes(opened: StudyFolder) -> bool:
    baseline = opened.manifest.baseline
    return baseline is not None and bool(baseline.class_samples)


def _kinds(opened: StudyFolder, known: StudyMeasurements) -> list[str]:
    latency = bool(loaders.latency(opened))
    return offered(known.curves, latency, opened.manifest.graph is not None)


def _methods(opened: StudyFolder, known: StudyMeasurements) -> list[str]:
    return methods(known.curves, _recovery(opened, known))


def _recovery(opened: StudyFolder, known: StudyMeasurements) -> str:
    """The draft's; while that removes nothing, one that was measured."""
    plan, found = session.draft(opened).plan, recoveries(known.curves)
    return plan.recovery if plan.active() or plan.recovery in found else found[0]


def _span(given: tuple[float, float]) -> tuple[float, float]:
    low, high = given
    return float(low), float(high)


def _own(opened: StudyFolder, name: str) -> str:
    """A key of just this study: its names mean nothing in another."""
    return f"goal {name} {opened.manifest.fingerprint[:8]}"
