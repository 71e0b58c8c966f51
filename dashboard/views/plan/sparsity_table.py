"""The table of layers: exact sparsities and methods, typed in place."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from prunescope.dashboard.shared import session, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import curve_column, height, text_width
from prunescope.dashboard.tables.layers import measured_range
from prunescope.dashboard.tables.plan import family, methods_of, plan_table
from prunescope.dashboard.views.plan import table_rows
from prunescope.dashboard.views.plan.bulk_edits import default_method
from prunescope.dashboard.views.plan.painter_values import chosen
from prunescope.errors import BadValue
from prunescope.planning.edits import choice_at, choice_of, other_granularity_choice
from prunescope.store.folder import StudyFolder
from prunescope.study import Method, sparsity
from prunescope.study.method import BLOCK
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import words_of

_ORDER: Final = (
    "Here", "Lock", "Layer", "Sparsity", "Method", "Units", "Alone", "±", "Curve", "MACs",
    "Weights",
)  # fmt: skip
"""What decides comes first: the last ones may lie past a narrow window's edge."""
_NO_CURVE: Final = tuple(name for name in _ORDER if name != "Curve")
"""A block is one point."""
_SEEN: Final = "plan edits seen"


def table(
    opened: StudyFolder, known: StudyMeasurements, shown: tuple[str, ...], granularity: str
) -> None:
    """Show the layers ``shown`` with what the draft does to them, and take typed changes."""
    if not shown:
        st.info("No layer's name or kind contains what you search for.")
        return
    draft = session.draft(opened)
    default = default_method(opened, known, granularity)
    key = _key(opened, draft.revision, shown, granularity)
    if key not in st.session_state and draft.plan != draft.base:
        # Another search or another page took the typed cells along; they are in the plan.
        session.refill(opened)
        draft = session.draft(opened)
        key = _key(opened, draft.revision, shown, granularity)
    here = chosen(opened.manifest, session.remembered("layer"), shown)
    rows = plan_table(opened.manifest, draft.base, draft.plan, known.curves, shown, default, here)
    methods = methods_of(opened.manifest, granularity)
    units, words = granularity != "weight", words_of(opened.manifest)
    now = [choice_of(draft.plan, name, default) for name in shown]
    pruned, locked = sum(c.sparsity > 0 for c in now), sum(c.locked for c in now)
    other = len(draft.plan.active()) - sum(
        family(choice.granularity) == granularity for choice in draft.plan.active().values()
    )
    st.caption(
        f"{pruned} of {len(shown)} shown {_noun(granularity)}s are pruned, {locked} "
        "locked. A press on a row chooses it, a double one types." + _elsewhere(other)
    )
    take_away.table(opened, rows, "Sparsities", granularity)
    table_rows.watch(shown, here)
    st.container(key=table_rows.TABLE).data_editor(
        rows, key=key, hide_index=True, num_rows="fixed", height=height(len(rows), 640),
        placeholder="–",
        disabled=["Here", "Layer", "Kind", "Weights", "Units", "Alone", "±", "MACs", "Curve"],
        on_change=_take, args=(opened, key, shown, default),
        column_order=_NO_CURVE if granularity == BLOCK else _ORDER,
        column_config=explained(rows, {
            "Here": st.column_config.TextColumn(
                "", width=28, help="The layer that painter, network, panel and trade-off show; a "
                "press on a row, or an arrow key, chooses it.",
            ),
            "Lock": st.column_config.CheckboxColumn(
                "Lock", width=60, help="Bulk edits leave a locked layer alone. A layer and the "
                "group of its name share one lock.",
            ),
            "Layer": st.column_config.TextColumn(pinned=True, width=text_width(shown, "Layer")),
            "Sparsity": st.column_config.NumberColumn(
                "Remove, %", width=100, min_value=0, max_value=100, step=0.01, format="%.4g %%",
                required=True,
                help="Any number above 0 removes the whole block." if granularity == BLOCK
                else "Share of this group's units that leave; whole units, one always stays."
                if units else "Share of this layer's weights that is set to zero.",
            ),
            "Method": st.column_config.SelectboxColumn(
                options=methods, required=True, width=text_width(methods, "Method …")
            ),
            "Units": st.column_config.TextColumn("Units left", width=84),
            "Weights": st.column_config.NumberColumn(
                "Frees" if units else "Weights", format="compact", width=70,
                help=(
                    "Parameters, when this block alone leaves." if granularity == BLOCK
                    else "Parameters, when this group alone is pruned so far."
                ) if units else None,
            ),
            "MACs": st.column_config.NumberColumn(
                "MACs, %", format="%.1f", width=70,
                help="Share of the model's multiply-accumulates"
                + (" that leaves with it." if units else "."),
            ),
            "Alone": st.column_config.NumberColumn(
                words.titled("Alone"), format=words.column_format,
                width=74 + 46 * (len(words.drop_unit) > 2),
                help=f"{words.loss_word.capitalize()} when only this layer is pruned so far: "
                "measured, or linear between measured points. Empty where this method was not "
                "measured.",
            ),
            "±": st.column_config.NumberColumn(
                format=words.column_format, width=54,
                help="Half of the 95 % interval of this mean, over samples like these.",
            ),
            "Curve": curve_column(
                "Curve", f"{words.loss_word.capitalize()} against sparsity, by this method.",
                measured_range(known.means, words), words,
            ),
        }),
        alt="Sparsity and method per layer",
    )  # fmt: skip


def _noun(granularity: str) -> str:
    if granularity == BLOCK:
        return "block"
    return "layer" if granularity == "weight" else "group"


def _elsewhere(count: int) -> str:
    """How many choices this table does not show."""
    if not count:
        return ""
    are = "choice of this plan is" if count == 1 else "choices of this plan are"
    return f" {count} more {are} made at another granularity."


def changed(
    base: Plan, edits: Mapping[int, Mapping[str, Any]], shown: tuple[str, ...], default: Method
) -> Plan:
    """Return ``base`` with the edits of the browser's table, checked as any foreign input.

    A sparsity above 0 takes the place of a choice at the other granularity, unless that is locked;
    a tick of the lock is one on that choice.

    Args:
        base: What the table was filled from.
        edits: Row → column → new value.
        shown: Subjects in the order of the rows.
        default: Method of subjects that had none.

    Raises:
        BadValue: A row that does not exist, a value that is no sparsity or method, or a sparsity
            of what is locked at the other granularity.
    """
    changes = {}
    for place, values in edits.items():
        if not 0 <= int(place) < len(shown):
            raise BadValue(
                f"Expected an edit of one of {len(shown)} rows, but got row {place}. "
                "Reload the page."
            )
        name = shown[int(place)]
        before = choice_of(base, name, default)
        method = Method.parse(str(values.get("Method") or before.method))
        given = values.get("Sparsity")
        part = before.sparsity if given is None else sparsity(float(given) / 100)
        lock = bool(values.get("Lock", before.locked))
        other = other_granularity_choice(base, name, default)
        if other is None or (part > 0 and not _held(other, values)):
            changes[name] = choice_at(method, part, lock)
        elif part > 0:
            raise BadValue(
                f"Expected {name} to be unlocked before it is set to {100 * part:g} % by {method}, "
                f"but it is locked at {100 * other.sparsity:g} % by {other.method}. Take its lock "
                "away first."
            )
        else:
            changes[name] = replace(other, locked=lock)
    return base.setting(changes)


def _held(other: Choice, values: Mapping[str, Any]) -> bool:
    """Whether the lock of a choice at the other granularity stays."""
    return other.locked and bool(values.get("Lock", True))


def _key(opened: StudyFolder, revision: int, shown: tuple[str, ...], granularity: str) -> str:
    return f"ratios {opened.folder.name} {revision} {hash(shown)} {granularity}"


def _take(opened: StudyFolder, key: str, shown: tuple[str, ...], default: Method) -> None:
    base = session.draft(opened).base
    try:
        edits = st.session_state[key]["edited_rows"]
        plan = changed(base, edits, shown, default)
    except BadValue as error:
        session.notice(str(error))
        session.refill(opened)
        return
    latest = _latest(edits, key)
    if latest is not None:
        session.remember("layer", shown[latest])
    ticked = [shown[int(place)] for place, values in edits.items() if "Lock" in values]
    if any(other_granularity_choice(plan, name, default) for name in ticked):
        session.edit(opened, plan)  # the next edit of that row counts from the lock
    else:
        session.typed(opened, plan)


def _latest(edits: Mapping[int, Mapping[str, Any]], key: str) -> int | None:
    """The row that changed since the edits that the table had before; None where none did."""
    before = st.session_state.get(_SEEN, ("", {}))
    st.session_state[_SEEN] = (key, {int(place): dict(cells) for place, cells in edits.items()})
    known = before[1] if before[0] == key else {}
    return next((int(p) for p, cells in edits.items() if known.get(int(p)) != cells), None)
