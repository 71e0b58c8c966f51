"""The form that starts a sweep of the open study."""

from dataclasses import replace
from typing import Final

import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import loaders, rights
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.shared.table_style import WORDS
from prunescope.dashboard.tables.plan import names_of
from prunescope.dashboard.views.study import sweep_effort
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder
from prunescope.study import SEEDS, Grid, Method, MethodSummary, is_control, parse_sparsities
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.recoveries import RECOVERIES, TITLES
from prunescope.study.removed_counts import MULTIPLES
from prunescope.sweep.work_list import groups_left_out, missing_points, points
from prunescope.text import plain
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of

_SUBJECTS: Final = {"weight": "Layers", "n:m": "Layers", BLOCK: "Blocks"}


def form(opened: StudyFolder) -> None:
    """Show which methods, sparsities and layers to measure, and start the job."""
    manifest = opened.manifest
    st.subheader("Measure curves", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        family, chosen = _methods(manifest.methods)
    with right:
        names = names_of(manifest, "weight" if family == "n:m" else family)
        text = "1"
        if family != BLOCK:  # which leaves whole
            text = st.text_input(
                "Sparsities", "0.1:0.9:0.1, 0.95", key="sweep sparsities",
                help="Fractions removed: a list such as 0.5,0.7 or a range first:last:step.",
            )  # fmt: skip
        layers = st.multiselect(
            _SUBJECTS.get(family, "Groups"), names,
            key=f"sweep layers {family}", placeholder=f"All {len(names)} that can be pruned",
        )  # fmt: skip
        recoveries = st.multiselect(
            "Before evaluating", list(RECOVERIES), default=["none"],
            format_func=TITLES.__getitem__, key="sweep recovery",
            help="On calibration inputs, without labels: batch-norm statistics re-estimated, or "
            "what is left refitted to the dense model's outputs in closed form. The last one "
            "trains for half a minute and more at each point.",
        )  # fmt: skip
        spent = sweep_effort.choose(words_of(opened.manifest))
        multiple = seeds = None
        with st.container(horizontal=True):
            if family in UNITS and family != BLOCK:
                multiple = st.selectbox(
                    "Units that stay, in multiples of", MULTIPLES, key="sweep multiple",
                    help="Points then stand only where the units left are such a multiple; "
                    "hardware likes 8, 16 or 32.",
                )  # fmt: skip
            if any(is_control(Method.parse(name).criterion) for name in chosen):
                seeds = st.number_input(
                    "Seeds of controls", 1, 20, len(SEEDS), key="sweep seeds",
                    help="Each is measured by itself; the curves show their mean and range.",
                )  # fmt: skip
        _launch(
            opened, chosen, text.replace(" ", ""), tuple(layers), tuple(recoveries),
            tuple(range(seeds)) if seeds else None, multiple, spent,
        )  # fmt: skip


def _methods(known: tuple[MethodSummary, ...]) -> tuple[str, tuple[str, ...]]:
    families = list(dict.fromkeys(_family(method) for method in known))
    families.sort(key=lambda name: list(WORDS).index(name) if name in WORDS else len(WORDS))
    family = families[0] if families else "weight"
    if len(families) > 1:
        family = st.segmented_control(
            "What leaves", families, key="sweep family", default=family, required=True,
            format_func=lambda name: WORDS.get(name, name),
        )  # fmt: skip
    listed = [method for method in known if _family(method) == family]
    first = next((method for method in listed if method.reason is None), None)
    chosen = []
    for method in sorted(listed, key=lambda each: each.reason is not None):
        reason = f" *Not here: {plain.text(method.reason)}.*" if method.reason else ""
        ticked = st.checkbox(
            f"**{plain.text(method.title)}** {plain.code(method.name)} — "
            f"{plain.text(method.definition)}{reason}",
            value=method is first, key=f"sweep method {method.name}", wrap=True,
            disabled=method.reason is not None,
            help=plain.text(f"{method.source} Reads: {method.needs}."),
        )  # fmt: skip
        if ticked:
            chosen.append(method.name)
    return family, tuple(chosen)


def _family(method: MethodSummary) -> str:
    granularity = Method.parse(method.name).granularity
    return "n:m" if ":" in granularity else granularity


def _launch(
    opened: StudyFolder,
    methods: tuple[str, ...],
    sparsities: str,
    layers: tuple[str, ...],
    recoveries: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    multiple: int | None,
    spent: sweep_effort.Effort | None,
) -> None:
    if not methods or not recoveries:
        st.caption("Choose at least one method and one way of evaluating.")
        return
    try:
        grid = Grid(
            tuple(Method.parse(name) for name in methods), parse_sparsities(sparsities), layers,
            recoveries, seeds or SEEDS, multiple or 1,
        )  # fmt: skip
        wanted = points(grid, opened.manifest)
        todo = missing_points(wanted, loaders.measured(opened).frame, opened.manifest)
    except PrunescopeError as error:
        st.error(plain.text(error))
        return
    sweep_effort.tell(opened, wanted, todo, spent)
    idle = groups_left_out(grid, opened.manifest)
    if idle:
        more = f", and {len(idle) - 3} more" if len(idle) > 3 else ""
        st.caption(f":material/info: No point for {plain.text('; '.join(idle[:3]))}{more}.")
    if st.button(
        f"Measure {counted(len(todo), 'point')}" if todo else "Everything is measured",
        type="primary", disabled=not todo or spent is None or rights.locked(),
        key="sweep start", icon=":material/play_arrow:", help=rights.why(),
    ):  # fmt: skip
        request = replace(Sweep.of(grid), sparsities=sparsities)
        start(opened.folder, spent.of(request) if spent else request)
        st.rerun()
