"""What the draft keeps and costs, what accuracy to expect, and what was really measured."""

from typing import Final

import pandas as pd
import streamlit as st

from prunescope.commands import Verify
from prunescope.dashboard.shared import (
    device_choice,
    expected_score,
    knowledge,
    loaders,
    rights,
    take_away,
)
from prunescope.dashboard.shared.explained import explained, meanings
from prunescope.dashboard.shared.launch import pressed
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import height
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.planning.preview import Preview, preview
from prunescope.planning.solve.goal import COSTS
from prunescope.statistics.paired import paired_interval
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Plan
from prunescope.text import plain, units
from prunescope.text.numbers import capitalised, counted
from prunescope.text.scores import words_of

_DEVICE: Final = "measure device"
_HERE: Final = {"Dense": "Of the dense network.", "Plan": "As the plan leaves it."}


def expected(opened: StudyFolder, known: StudyMeasurements, plan: Plan) -> Prediction:
    """Return what is expected of ``plan``."""
    return predict(
        opened.manifest, plan, known.curves, knowledge.record(opened), knowledge.operators(opened)
    )


def show(opened: StudyFolder, known: StudyMeasurements, plan: Plan, prediction: Prediction) -> None:
    """Show prediction, measured truth and costs of ``plan``."""
    verified = loaders.verified(opened)
    with st.container(border=True, key="outlook"):
        left, right = st.columns(2)
        with left:
            expected_score.score(opened, known.curves, plan, prediction)
        with right:
            row = measured_row(verified, plan)
            _measured(opened, plan, row)
        expected_score.vouched(opened, plan, prediction, row is not None)
        expected_score.gaps(opened, plan, prediction)
    _costs(opened, preview(opened.manifest, plan, known.curves))


def draft_file(opened: StudyFolder, plan: Plan) -> str:
    """Write ``plan`` where a job can read it, whatever it is called, and return the path."""
    path = opened.folder / "drafts" / f"{plan.digest}.json"
    if not path.exists() and not rights.locked():
        write_document(path, plan)
    return str(path)


def measured_row(verified: pd.DataFrame, plan: Plan) -> "pd.Series[float] | None":
    """Return the row of ``plan`` measured on the validation split, if there is one."""
    rows = verified[(verified["digest"] == plan.digest) & (verified["split"] == "validation")]
    return rows.iloc[0] if len(rows) else None


def history(opened: StudyFolder) -> None:
    """Show every plan of this study that was really measured."""
    verified = loaders.verified(opened)
    if verified.empty:
        return
    st.subheader("Measured plans", anchor=False)
    words = words_of(opened.manifest)
    form = words.column_format
    table = knowledge.compared(opened)
    take_away.table(opened, table, "Measured plans")
    st.dataframe(
        table, hide_index=True, height=height(len(table), 260), placeholder="–",
        column_config=explained(table, {
            "Score": st.column_config.NumberColumn(words.score_column, format=form),
            "Drop": st.column_config.NumberColumn(words.drop_title, format=form),
            "±": st.column_config.NumberColumn(format=form, help="Half of the 95 % interval."),
            "Predicted": st.column_config.NumberColumn(
                words.titled(f"Predicted {words.loss_word}"), format=form,
                help="From the curves as they are now."
            ),
            "Off by": st.column_config.NumberColumn(
                words.titled("Off by"), format=form.replace("%", "%+", 1)
            ),
            "Removed": st.column_config.NumberColumn("Removed, %", format="%.1f"),
            "Samples": st.column_config.NumberColumn(format="localized"),
        }),
        alt="Measured plans with their predicted and measured drops",
    )  # fmt: skip


def _measured(opened: StudyFolder, plan: Plan, row: "pd.Series[float] | None") -> None:
    words = words_of(opened.manifest)
    name = plain.text(words.name)
    if row is None:
        st.metric(f"Measured {name}", "–", help="Of just this plan, really applied.")
        device_choice.beside(_DEVICE)
        st.button(
            "Measure it", key="measure", icon=":material/science:", type="primary",
            disabled=not plan.active() or rights.locked(),
            help=rights.why(
                "Applies the plan for real and evaluates the validation split, in a job."
            ),
            on_click=_measure, args=(opened, plan),
        )  # fmt: skip
        return
    samples = int(row["samples"])
    drop = paired_interval(
        samples, float(row["drop_sum"]), float(row["drop_squares"]), scale=opened.manifest.scale
    )
    st.metric(
        f"Measured {name}", words.score(float(row["score_sum"]) / samples),
        words.delta(drop.mean), delta_color=words.delta_colour,
        help=f"Of just this plan, on {counted(samples, 'validation sample')}.",
    )  # fmt: skip
    st.caption(
        f"{words.loss_word.capitalize()} {words.span(drop)}, 95 % paired interval, "
        f"{counted(samples, 'sample')}."
    )


def _measure(opened: StudyFolder, plan: Plan) -> None:
    device = device_choice.chosen(_DEVICE)
    pressed(opened.folder, lambda: [Verify(draft_file(opened, plan), device=device)])


def _costs(opened: StudyFolder, found: Preview) -> None:
    manifest = opened.manifest
    exact = "exact" if found.compressed_measured else "predicted"
    rows = [
        ("parameters", units.count, found.parameters, found.kept, ""),
        ("stored", units.count, found.parameters, found.stored, ""),
        ("bytes", units.bytes_, manifest.bytes, found.dense_bytes, ""),
        ("sparse-bytes", units.bytes_, manifest.bytes, found.sparse_bytes, ""),
        ("compressed-bytes", units.bytes_, manifest.bytes, found.compressed_bytes, exact),
        ("macs", units.count, manifest.macs, found.macs, ""),
        ("nonzero-macs", units.count, manifest.macs, found.nonzero_macs, ""),
    ]
    table = [
        {
            "": capitalised(COSTS[kind]) + (f" *{note}*" if note and found.layers else ""),
            "Dense": form(dense),
            "Plan": f"**{form(now)}**",
            "Left": units.percent(now / dense) if dense else "–",
        }
        for kind, form, dense, now, note in rows
    ]
    take_away.table(
        opened,
        pd.DataFrame(table).rename(columns={"": "Cost"}).replace(r"\*", "", regex=True),
        "Costs",
    )
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)
    parts = [f"{units.percent(found.sparsity)} of all parameters are zero or gone."]
    if found.layers:
        parts.append(
            "Dense tensors store zeros, dense runtimes multiply by them: a smaller download, not "
            "faster inference."
        )
    if any(found.units.values()):
        parts.append("Units really leave: the tensors are smaller, and every runtime does less.")
    if not found.exact:
        parts.append("Where weights are zeroed in layers that lose units too, zeros are expected.")
    named = [row[""].partition(" *")[0] for row in table]
    st.caption(" ".join(parts), help=meanings(("Dense", "Plan", "Left", *named), _HERE))
