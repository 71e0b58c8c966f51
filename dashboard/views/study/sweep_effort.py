"""How far a sweep goes with each point, for how long, and what that is going to cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import device_choice
from prunescope.dashboard.shared.drop_input import drop_input
from prunescope.errors import PrunescopeError
from prunescope.store.folder import StudyFolder
from prunescope.study.computations import FP32, PRECISIONS
from prunescope.study.point import Point
from prunescope.sweep.forecast import WIDEST
from prunescope.sweep.pace import WHOLE, last_paces
from prunescope.sweep.preflight import Preflight, folder_bytes, preflight
from prunescope.sweep.stopping_policy import LIMIT, MODES, SEARCHES, TOLERANCE, Mode
from prunescope.sweep.work_list import samples_left
from prunescope.text import plain, units
from prunescope.text.durations import parse_seconds, spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.scores import ScoreWords
from prunescope.text.sweep_costs import forecast_text, stretch_text

_TITLES: Final = {
    "exact": "Every sample",
    "adaptive": "Until certain",
    "decide": "Until decided",
    "find": "Find the limit",
    "certify": "Certify it",
    "look": "First look",
}
_HELP: Final = (
    "**Every sample**: each point sees the whole validation split, the uncertain ones first.  \n"
    "**Until certain**: a point stops when its interval is narrow enough.  \n"
    "**Until decided**: a point stops when its drop is certainly above or below a limit.  \n"
    "**Find the limit**: no curves, but each one's largest sparsity within a limit, estimated from "
    "a few samples of a few points: a fiftieth of the work.  \n"
    "**Certify it**: the same, then on until a sparsity is certainly within the limit.  \n"
    "**First look**: curves predicted from one backward pass and two measured points of each "
    "layer, or from a few samples and a measured point of each group of channels or heads, with "
    "the error of that; without recovery."
)


@dataclass(frozen=True)
class Effort:
    """How much a sweep spends.

    Attributes:
        mode: A point's end, see ``prunescope.sweep.stopping_policy``.
        tolerance: Accepted half-width of a drop, in the metric's unit; used by ``adaptive``;
            None for the usual one.
        limit: Drop to decide against, likewise; None where nothing is decided.
        monotone: Whether a sparsity past the limit settles the larger ones.
        familywise: Whether all intervals hold together.
        budget: Seconds to spend at most, as text, or None.
        device: That computes.
        precision: That points are computed in.
    """

    mode: Mode = "exact"
    tolerance: float | None = None
    limit: float | None = None
    monotone: bool = True
    familywise: bool = False
    budget: str | None = None
    device: str = "auto"
    precision: str = FP32

    def of(self, request: Sweep) -> Sweep:
        """Return ``request`` with this effort, without what its mode does not read."""
        adaptive = self.mode == "adaptive" and self.tolerance != TOLERANCE
        return replace(
            request,
            mode=self.mode,
            tolerance=self.tolerance if adaptive else None,
            limit=self.limit,
            monotone=self.monotone or self.limit is None,
            familywise=self.familywise and self.mode != "exact",
            budget=self.budget,
            device=self.device,
            precision=self.precision,
        )


def choose(words: ScoreWords) -> Effort | None:
    """Ask how far to go with each point; None where what was written cannot be read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "Each point sees samples", MODES, key="sweep mode", default="exact", required=True,
            format_func=_TITLES.__getitem__, help=_HELP, wrap=True,
        )  # fmt: skip
        with st.popover("Time and certainty", icon=":material/timer:"):
            effort = _details(mode, words)
        with st.popover("Device", icon=":material/memory:"):
            device = device_choice.choose("sweep device")
            precision = st.selectbox(
                "Precision of points", PRECISIONS, key="sweep precision",
                help="What a lower one does to the dense model is measured first and said; points "
                "as near to a limit are repeated in fp32.",
            )  # fmt: skip
    return effort and replace(effort, device=device, precision=precision)


def _details(mode: Mode, words: ScoreWords) -> Effort | None:
    text = st.text_input(
        "Time budget", "", key="sweep budget", placeholder="none; such as 90 s, 5 min, 1 h",
        help="The sweep stops then. Points are finished a few at a time, one of every layer first: "
        "the time buys whole points. Measuring again goes on from there.",
    ).strip()  # fmt: skip
    try:
        budget = f"{parse_seconds(text):g}s" if text else None
    except PrunescopeError as error:
        st.error(plain.text(error))
        return None
    if mode == "exact":
        return Effort(budget=budget)
    tolerance = limit = None
    if mode == "adaptive":
        tolerance = _drop(
            words, "Certain within", TOLERANCE, "sweep tolerance",
            "Half of the interval's width at which a point stops; a tenth of its drop always is "
            "narrow enough.",
        )  # fmt: skip
        decided = st.toggle(
            "Stop decided points too", key="sweep decides",
            help="Also stop a point whose drop is certainly above or below a limit.",
        )  # fmt: skip
    else:
        decided = True
    if decided:
        limit = _drop(
            words, f"{words.loss_word.capitalize()} to decide against", LIMIT, "sweep limit",
            "A point stops once its whole interval lies on one side.",
        )  # fmt: skip
    if mode in SEARCHES:
        return Effort(mode, limit=limit, budget=budget)
    monotone = not decided or st.toggle(
        "Larger sparsities drop more", value=True, key="sweep monotone",
        help="Then a sparsity that is certainly past the limit settles all larger ones of its "
        "curve unseen.",
    )  # fmt: skip
    familywise = st.toggle(
        "All intervals hold together", key="sweep familywise",
        help="With 95 % for the whole sweep, instead of for each point: wider, so slower.",
    )  # fmt: skip
    return Effort(mode, tolerance, limit, monotone, familywise, budget)


def tell(
    opened: StudyFolder, wanted: Sequence[Point], todo: Sequence[Point], spent: Effort | None
) -> None:
    """Say what is going to be measured, how long that takes, and how large the study gets."""
    known = len(wanted) - len(todo)
    samples = units.count(opened.manifest.splits.get("validation", 0))
    early = "up to " if spent is not None and spent.mode != "exact" else ""
    text = f"**{counted(len(todo), 'point')}** on {early}{samples} validation samples each"
    st.caption(text + (f"; {exact(known)} more are measured already." if known else "."))
    if not todo:
        return
    left = samples_left(todo, opened.measured(), opened.manifest)
    cost = preflight(opened.manifest, todo, left)
    size = folder_bytes(opened.folder)
    st.caption(
        f"{_time(opened, cost, spent)} The study takes {units.bytes_(size)} on disk now and at "
        f"most {units.bytes_(size + cost.bytes)} then."
    )


def _time(opened: StudyFolder, cost: Preflight, spent: Effort | None) -> str:
    work = units.macs(cost.suffix_macs) if cost.suffix_macs else "all of it"
    paces = last_paces(opened.folder)
    seconds = cost.seconds(paces)
    most = "At most " if spent is not None and spent.mode != "exact" else "About "
    if seconds is None and not cost.suffix_macs:  # no graph, so nothing is counted
        text = "How long it takes is known once a sweep has run here."
    elif seconds is None:
        text = f"{most}{work}; how long they take is known once points of every kind have run here."
    else:
        pace = paces.get(WHOLE) or next(iter(paces.values()))
        text = (
            f"{most}**{forecast_text(seconds / WIDEST, seconds * WIDEST)}** for {work}, as the "
            f"last sweep took; then {stretch_text(pace.stretch)}."
        )
    if spent is not None and spent.budget:
        text += f" It stops after {spoken(parse_seconds(spent.budget))} in any case."
    return text


def _drop(words: ScoreWords, label: str, usual: float, key: str, said: str) -> float | None:
    """What is accepted, as a command takes it."""
    stored = drop_input(words, label, key, usual, said)
    return None if stored is None else float(f"{words.plain_drop(stored):.6g}")
