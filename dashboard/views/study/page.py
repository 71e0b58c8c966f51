"""The page *Study*: what the model is, what can be pruned, and the sweeps that measure it."""

from pathlib import Path

import streamlit as st

from prunescope.commands import next_steps
from prunescope.dashboard.shared import (
    loaders,
    page_header,
    problems,
    rights,
    soundness_marks,
    study_jobs,
    take_away,
)
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.dashboard.tables.plan import preflight, skipped_lines
from prunescope.dashboard.views.study import (
    block_list,
    class_list,
    group_list,
    keep_house,
    new_study,
    overview_panel,
    runs,
    sweep_form,
)
from prunescope.store.folder import StudyFolder
from prunescope.store.study_files import kept_files
from prunescope.store.study_names import checks
from prunescope.store.trash import TRASH, throw_away
from prunescope.study import Manifest
from prunescope.text import plain, units
from prunescope.text.cut import cut_sentence
from prunescope.text.numbers import exact
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of


def page() -> None:
    """Show the chosen study."""
    opened = page_header.study()
    if opened is None:
        place = page_header.place()
        if place is not None:
            if study_jobs.running(place) is not None:
                page_header.required()
            runs.show(place)
            _take_out(place)
        new_study.form(expanded=place is None)
        keep_house.unmade()
        keep_house.trash()
        return
    tell = overview_panel.begin(opened)
    _facts(opened)
    _layers(opened)
    group_list.show(opened)
    block_list.show(opened)
    class_list.show(opened)
    sweep_form.form(opened)
    runs.show(opened.folder, opened)
    tell()
    checked = bool(checks(page_header.folder()))
    with st.expander("Begin another study", icon=":material/add:", expanded=checked):
        new_study.form(expanded=True)
    keep_house.unmade()
    keep_house.show(opened)


def _take_out(place: Path) -> None:
    """Offer to throw away what no sweep has made a study of."""
    if study_jobs.running(place) is not None:
        return
    if st.button(
        "Take it out of the list", key="take out", icon=":material/delete:",
        disabled=rights.locked(),
        help=rights.why(f"Moves {place} into {place.parent / TRASH}; nothing of it is deleted."),
    ):  # fmt: skip
        with problems.shown():
            throw_away(place)
            st.rerun()


def _facts(opened: StudyFolder) -> None:
    manifest = opened.manifest
    baseline, words = manifest.baseline, words_of(manifest)
    with st.container(horizontal=True, key="facts"):
        if baseline:
            st.metric(
                f"Dense {plain.text(words.name)}", words.score(baseline.score), border=True,
                help=f"Mean over the {exact(baseline.samples)} samples of the validation split, "
                f"evaluated once; every {words.loss_word} is counted from here."
                + ("" if words.metric.higher_is_better else " Less is better."),
            )  # fmt: skip
        st.metric("Parameters", units.count(manifest.parameters), border=True,
                  help=f"{exact(manifest.parameters)}, biases and norms counted.")  # fmt: skip
        st.metric("Dense size", units.bytes_(manifest.bytes), border=True,
                  help="All parameters and buffers, uncompressed.")  # fmt: skip
        st.metric("MACs per sample", units.count(manifest.macs) if manifest.macs else "–",
                  border=True, help="Multiply-accumulates of one forward pass.")  # fmt: skip
        st.metric("Peak activations", units.bytes_(manifest.activation_bytes), border=True,
                  help="Largest sum of tensors alive at once, one sample.")  # fmt: skip
        splits = " / ".join(
            units.count(manifest.splits.get(name, 0))
            for name in ("calibration", "validation", "test")
        )
        st.metric("Calibration / validation / test", splits, border=True,
                  help="Samples. Calibration scores and recovers, validation draws the curves "
                  "and chooses, test is for the final report.")  # fmt: skip
    if manifest.capture_problem:
        st.warning(
            "This model could not be captured as a graph: "
            f"{plain.text(manifest.capture_problem)} Its layers are measured at weight "
            "granularity by plain forward passes; channels and heads cannot be removed.",
            icon=":material/warning:",
        )
    if manifest.reference.cut:
        st.info(plain.text(cut_sentence(manifest.reference.cut)), icon=":material/content_cut:")
    _outputs(manifest)
    checks, origin = st.columns(2) if manifest.soundness else (None, st.container())
    if checks is not None:
        with checks:
            soundness_marks.every_check(manifest)
    with origin, st.expander("Fingerprint, versions and files", icon=":material/fingerprint:"):
        made = ", ".join(f"{name} {value}" for name, value in manifest.environment.items())
        st.markdown(
            f"Fingerprint of weights, graph, data and metric: {plain.code(manifest.fingerprint)}. "
            f"Made with {plain.text(made)}."
        )
        _files(opened)


def _files(opened: StudyFolder) -> None:
    """What the study keeps, and how to hand it on."""
    files = kept_files(opened.manifest.reference)
    if opened.manifest.not_kept:
        st.markdown(plain.text(opened.manifest.not_kept))
    hand_on = f"Hand it on as one file: {plain.code(next_steps.pack(opened.folder))}"
    st.markdown(f"The study keeps {plain.text(files)}. {hand_on}" if files else hand_on)


def _outputs(manifest: Manifest) -> None:
    """What the network returns where that is several, and what of it the metric reads."""
    if len(manifest.outputs) < 2:
        return
    parts = []
    for output in manifest.outputs:
        shape = " × ".join(map(str, output.shape)) or "one number"
        only = f", only reached by {', '.join(map(plain.code, output.only))}" if output.only else ""
        parts.append(f"{plain.code(output.name)} ({shape}{only})")
    st.caption(f"Outputs: {'; '.join(parts)}.")
    if said := uncounted(manifest.outputs, manifest.free_layers):
        st.info(plain.text(said), icon=":material/output:")


def _layers(opened: StudyFolder) -> None:
    manifest = opened.manifest
    skipped = sum(not layer.prunable for layer in manifest.layers)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Layers", width="content", anchor=False)
        st.caption(
            f"{len(manifest.layers) - skipped} can be pruned"
            + (f", {skipped} are skipped, with the reason" if skipped else ", none is skipped")
        )
        st.space("stretch")
        search = st.text_input(
            "Search", key="study search", placeholder="Search name or kind", width=240,
            label_visibility="collapsed", icon=":material/search:",
        )  # fmt: skip
    table = preflight(manifest, loaders.measured(opened).points)
    if search:
        text = table["Layer"] + " " + table["Kind"]
        table = table[text.str.contains(search, case=False, regex=False)]
    if table.empty:
        st.info(f"No layer's name or kind contains {search!r}.")
        return
    take_away.table(opened, table, "Layers")
    st.dataframe(
        table, hide_index=True, height=height(len(table), 460), placeholder="–",
        column_config=explained(table, {
            "Layer": st.column_config.TextColumn(
                pinned=True, width=text_width(table["Layer"], "Layer")
            ),
            "Weights": st.column_config.NumberColumn(format="localized"),
            "MACs": st.column_config.NumberColumn(format="localized", help="Per sample."),
            "Share of weights": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1
            ),
            "Output, kB": st.column_config.NumberColumn(format="%.2f", help="Per sample."),
            "Points": st.column_config.NumberColumn(help="Measured points of this layer."),
            "Can be pruned": st.column_config.TextColumn(
                width=text_width(table["Can be pruned"], "Can be pruned", 200)
            ),
        }),
        alt="Every layer with its size, cost, and whether it can be pruned",
    )  # fmt: skip
    if lines := skipped_lines(manifest):
        st.caption("  \n".join(map(plain.text, lines)))
