"""Measure a model's curves: from Python with live objects, from commands with references."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from prunescope.api.grids import grid_from
from prunescope.api.progress import shown
from prunescope.api.sharing import Sharing
from prunescope.api.study import SPARSITIES, Study
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.study import SEEDS
from prunescope.study.bounds import checked_path
from prunescope.sweep.stopping_policy import Stopping
from prunescope.text.durations import seconds_from
from prunescope.text.scores import words_of
from prunescope.text.sizes import size_from

if TYPE_CHECKING:
    from torch import nn

    from prunescope.api.live_bench import Data
    from prunescope.api.user_methods import MethodLike
    from prunescope.bench.studied_part import MetricLike


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
    shard: str | None = None,
    metric: "MetricLike | None" = None,
    loss: str = "",
    weights: str | Path | None = None,
    random: bool = False,
    mode: str = "exact",
    tolerance: float | str | None = None,
    limit: float | str | None = None,
    monotone: bool = True,
    familywise: bool = False,
    budget: float | str | None = None,
    screen: bool = True,
    engine: str = "frontier",
    keep_data: int | str | None = None,
    accept: Sequence[str] = (),
    outputs: Iterable[str] = (),
    heads: str = "",
    progress: Progress | None = None,
    device: str = "auto",
    precision: str = "fp32",
    store: str | None = None,
    ray: str | None = None,
    workers: int = 0,
    threads: int = 0,
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
        shard: Part of the points, such as ``"2/8"`` on the second of eight machines; ``ps.merge``
            puts their studies together.
        metric: ``top-1``, ``perplexity``, ``mse``, ``agreement`` and the like, or
            ``file.py:function``; or a function ``(outputs, targets)`` → ``(n,)`` scores, one per
            sample. Its attributes ``unit`` and ``higher_is_better`` say what they are. ``top-1`` by
            default, and of a sample model the one that is natural to it.
        loss: What gradients and training are taken of: ``cross-entropy``,
            ``binary-cross-entropy``, ``mse``, ``mae``, ``file.py:function``; the usual one of the
            targets by default, summed over heads.
        weights: A weights file for a model given by reference.
        random: Keep the random weights of a model by name.
        mode: ``exact``, ``adaptive`` or ``decide``; or ``find`` or ``certify``, which name each
            curve's largest sparsity within the limit and measure no curve (``study.largest``);
            or ``look``, which predicts all curves from a few points (``study.predicted``), of
            weights, channels and heads without recovery.
        tolerance: Accepted half-width of a drop, in the metric's unit or as ``"1%"`` of dense; None
            for half a point.
        limit: Drop to decide against, likewise.
        monotone: A sparsity certainly past the limit settles the larger ones.
        familywise: All intervals hold together.
        budget: Time to spend, in seconds or as ``"5m"``.
        screen: Rank points without labels while they wait.
        engine: ``frontier``, or ``naive``: the plain loop.
        keep_data: Bytes of data (or text such as ``"2GB"``) at most of which the study keeps a
            copy, so that it can be gone on with anywhere. By default 512 MB of live data, and
            nothing of data by reference; 0 for none.
        accept: Names of failed checks with which a study is made nevertheless, and marked; see
            ``prunescope.study.soundness.REFUSABLE``.
        outputs: Names (or positions) of outputs that have to stay, such as ``("logits",)``; all by
            default. What only the others need is no part of the study, and exports leave it out.
        heads: ``key-value``: where key-value heads serve several query heads, a unit is one of
            them with all of its query heads. By default whichever heads are more.
        progress: Where to report to.
        device: ``auto`` (a GPU that torch can use, else the CPU), ``cpu``, ``cuda``, ``cuda:1``,
            ``xpu`` or ``mps``; the study goes on to compute there.
        precision: ``fp32``, ``tf32``, ``bf16`` or ``fp16``, of the points; what a lower one does
            to the dense model is measured first, and points as near to a limit are repeated.
        store: ``s3://BUCKET/NAME``, ``gs://``, ``az://`` or ``file:///FOLDER``: what is there is
            not measured again, what is measured is sent there.
        ray: ``local``, ``auto`` or ``HOST:PORT``: measure on Ray's workers, which share ``store``.
        workers: Of the Ray cluster; 0 for as many as there is room for.
        threads: Of the processor, or of each of Ray's workers; 0 for torch's own, or the worker's
            share of this machine.

    Raises:
        ForeignStudy: The study in ``folder`` or in ``store`` is about something else.
        StorageFailure: The store refuses; what was measured is in ``folder``.
        Unsound: The model or data fail a check without which no number would be true.
        PrunescopeError: Whatever is wrong with model, data, metric or methods, in a sentence.
    """
    stopping = Stopping(mode, tolerance, limit, monotone, familywise)  # type: ignore[arg-type]
    grid = grid_from(methods, sparsities, layers, recovery, seeds, round_to, shard)
    seconds = seconds_from(budget)
    sharing = Sharing(store, ray, workers, threads, device)
    place = checked_path(folder, "folder")
    begun = monotonic()
    from prunescope.api.live_bench import open_bench
    from prunescope.api.shared_sweep import sweep_in_store
    from prunescope.bench.computing_threads import computing_threads
    from prunescope.bench.device import choose_device
    from prunescope.bench.precision import require_precision

    chosen = choose_device(device)
    require_precision(precision, chosen)
    with shown(progress) as report, computing_threads(threads):
        bench, stored = open_bench(
            model, data, metric, place, str(weights) if weights else None, random,
            size_from(keep_data), accept, loss, tuple(outputs), heads, chosen,
        )  # fmt: skip
        sweep_in_store(
            replace(bench, precision=precision), stored, grid, report,
            stopping.policy(words_of(stored.manifest)), sharing, engine, screen, begun, seconds,
        )  # fmt: skip
    return Study(StudyFolder.open(stored.folder), bench)
