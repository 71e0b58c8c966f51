"""Measure a model's curves: from Python with live objects, from commands with references."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from prunescope.api.grids import grid_from
from prunescope.api.progress import shown
from prunescope.api.study import SPARSITIES, Study
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.study import SEEDS
from prunescope.study.bounds import checked_path
from prunescope.sweep.stopping_policy import TOLERANCE, Policy
from prunescope.text.durations import seconds_from

if TYPE_CHECKING:
    from torch import nn

    from prunescope.api.live_bench import Data, MetricLike
    from prunescope.api.user_methods import MethodLike

KEEP_DATA: Final = 512_000_000
"""Bytes of live data that a study keeps a copy of, at most."""


def sweep(
    model: "str | nn.Module",
    data: "str | Data | None" = None,
    *,
    folder: str | Path,
    methods: "str | Iterable[MethodLike]" = ("magnitude",),
    sparsities: Iterable[float] | str = SPARSITIES,
    layers: Iterable[str] = (),
    recovery: str | Iterable[str] = "none",
    seeds: Sequence[int] = SEEDS,
    round_to: int = 1,
    metric: "MetricLike" = "top-1",
    weights: str | Path | None = None,
    random: bool = False,
    mode: str = "exact",
    tolerance: float = TOLERANCE,
    limit: float | None = None,
    monotone: bool = True,
    familywise: bool = False,
    budget: float | str | None = None,
    screen: bool = True,
    engine: str = "frontier",
    keep_data: int = KEEP_DATA,
    accept: Sequence[str] = (),
    outputs: Iterable[str] = (),
    progress: Progress | None = None,
) -> Study:
    """Measure the curves of ``model`` on ``data`` and return the study in ``folder``.

    What the study holds already is not measured again: the same call goes on where it was stopped.
    A live module is only read: a copy on the CPU, with the weights that it has now, is measured.

    ``ps.sweep(net, {"train": train, "val": val, "test": test}, folder="studies/net")``

    Args:
        model: A module; or a reference as on the command line, such as ``torchvision:resnet50``.
        data: A reference; or a dict of splits, or samples that are cut in three; see
            ``prunescope.sources.live_data.live_splits``. Not needed for ``sample:`` models.
        folder: Of the study: made, or gone on with.
        methods: Criteria, ``criterion`` for weights or ``criterion@channel`` for units; also your
            own, as ``file.py:function``, a function, or ``(function, "channel")``
            (``prunescope.criteria.user_criterion``).
        sparsities: Fractions removed, or text such as ``0.1:0.9:0.1``.
        layers: Layers or groups; all prunable ones by default.
        recovery: One or several of ``none``, ``bn``, ``ls``.
        seeds: Of random criteria.
        round_to: Units that stay come in multiples of this.
        metric: ``top-1``, ``top-5``, ``agreement``, ``file.py:function``; or a function
            ``(outputs, targets)`` → ``(n,)`` scores, one per sample, higher is better.
        weights: A weights file for a model given by reference.
        random: Keep torchvision's random weights.
        mode: ``exact``, ``adaptive`` or ``decide``.
        tolerance: Accepted half-width of a drop.
        limit: Drop to decide against.
        monotone: A sparsity certainly past the limit settles the larger ones.
        familywise: All intervals hold together.
        budget: Time to spend, in seconds or as ``"5m"``.
        screen: Rank points without labels while they wait.
        engine: ``frontier``, or ``naive``: the plain loop.
        keep_data: Bytes of live data at most of which the study keeps a copy, so that commands and
            pages can go on with it; 0 for none.
        accept: Names of failed checks with which a study is made nevertheless, and marked; see
            ``prunescope.study.soundness.REFUSABLE``.
        outputs: Names (or positions) of outputs that have to stay, such as ``("logits",)``; all by
            default. What only the others need is no part of the study, and exports leave it out.
        progress: Where to report to.

    Raises:
        Unsound: The model or data fail a check without which no number would be true.
        PrunescopeError: Whatever is wrong with model, data, metric or methods, in a sentence.
    """
    policy = Policy(mode, tolerance, limit, monotone, familywise)  # type: ignore[arg-type]
    grid = grid_from(methods, sparsities, layers, recovery, seeds, round_to)
    seconds = seconds_from(budget)
    place = checked_path(folder, "folder")
    begun = monotonic()
    from prunescope.api.live_bench import open_bench
    from prunescope.api.measure_grid import run_sweep

    with shown(progress) as report:
        bench, stored = open_bench(
            model, data, metric, place, str(weights) if weights else None, random, keep_data,
            accept, tuple(outputs),
        )  # fmt: skip
        run_sweep(
            bench, stored, grid, report, policy, engine, screen,
            begun, seconds,
        )  # fmt: skip
    return Study(StudyFolder.open(stored.folder), bench)
