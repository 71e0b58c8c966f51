"""Screen points that wait for measurement, without labels: by the change of layers' outputs."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prunescope.bench.pruned import select_one
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.progress import Progress
from prunescope.recovery.least_squares.refit import output_error
from prunescope.store.folder import StudyFolder
from prunescope.store.screenings import Screening
from prunescope.study.point import KEY, Point
from prunescope.study.recoveries import REFITS

SCREENED: Final = frozenset({"none", *REFITS})
"""Recoveries that are screened; not ``bn``, as batch-norm statistics change no layer's weights."""
_OFTEN: Final = 0.5


def screen(bench: Workbench, scores: Scores, points: Iterable[Point]) -> Iterator[Screening]:
    """Yield the screening of each point that can be screened, in the given order.

    All points of a layer share its second moments on calibration inputs, so the whole pass costs
    about one walk over the calibration split and a matrix product for each point. The error of a
    layer's outputs ranks what is worth measuring; how it reaches the network's outputs depends on
    what follows the layer, so it is no accuracy.

    Args:
        bench: Its network is dense.
        scores: Shared with the sweep that follows.
        points: Those with recovery ``bn``, and those that cannot be pruned or have no rule, are
            left out.
    """
    if bench.network.captured is None:
        return
    for point in points:
        if point.recovery not in SCREENED:
            continue
        try:
            chosen = select_one(scores, point.subject, point.method, point.sparsity, point.seed)
            error = output_error(bench, chosen, point.recovery in REFITS)
        except CannotPrune:
            continue
        if error is None:
            continue
        keep = next(iter((*chosen.masks.values(), *chosen.units.values())))
        yield Screening(
            *point.key(bench.manifest), keep.numel() - int(keep.sum()), keep.numel(), error
        )


def screen_missing(
    bench: Workbench,
    study: StudyFolder,
    points: Sequence[Point],
    progress: Progress,
    most: float = math.inf,
) -> int:
    """Screen those of ``points`` that ``study`` does not hold yet, and store them as they come.

    Criteria that need labels are left out, so that the pass stays one without labels, and their
    scores are not computed before they are measured. It ends ``most`` seconds after its first row.

    Returns:
        How many were stored.
    """
    stored_keys = set(study.screened()[list(KEY)].itertuples(index=False, name=None))
    label_free = {m.name.partition("@")[0] for m in study.manifest.methods if m.needs != "labels"}
    todo = [
        point
        for point in points
        if point.method.criterion in label_free and point.key(study.manifest) not in stored_keys
    ]
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    stored = 0
    waiting: list[Screening] = []
    started = time.monotonic()
    end = math.inf
    for row in screen(bench, scores, todo):
        end = min(end, time.monotonic() + most)
        waiting.append(row)
        stored += 1
        if time.monotonic() - started > _OFTEN:
            study.screening.append(waiting)
            waiting, started = [], time.monotonic()
        if progress.cancelled() or time.monotonic() > end:
            break
    study.screening.append(waiting)
    study.screening.compact()
    return stored
