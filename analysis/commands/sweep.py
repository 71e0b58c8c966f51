"""The request of ``sweep``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option, typed
from prunescope.study import SEEDS, Grid
from prunescope.study.shard import WHOLE


@dataclass(frozen=True)
class Sweep(Request):
    """Measure curves, of a new study or of one that goes on.

    Attributes:
        model: A reference; None to go on with a study.
        data: A reference; None for the study's own, or a sample model's.
        methods: Criteria, or ``criterion@granularity``.
        sparsities: ``0.5,0.7`` or ``first:last:step``.
        layers: Layers or groups; none for all that can be pruned.
        granularity: Of methods without ``@``.
        recovery: Which ways of evaluating.
        seeds: For criteria that draw.
        multiple: Units that stay come in multiples of it.
        shard: Part of the points, such as ``2/8``; None for all.
        screen: Whether points are looked at without labels while they wait.
        mode: A point's end, see ``prunescope.sweep.stopping_policy``.
        tolerance: Accepted half-width of a drop, in the metric's unit or as ``1%``; None for
            the usual one.
        limit: Drop to decide against, likewise; None for the usual one of the mode.
        monotone: Whether a sparsity past the limit settles the larger ones.
        familywise: Whether all intervals hold together.
        budget: Time to spend, such as ``90s``; None for as long as it takes.
        store: Address of a store that points are shared in; None for none.
        ray: Address of a Ray cluster; None for none.
        workers: Of the cluster; 0 for as many as there is room for.
        weights: File of the weights; None for the model's own.
        random: Whether a model by name keeps random weights.
        metric: A reference; None for the study's own, or the usual one.
        loss: A reference; None for the study's own, or the usual one of the targets.
        outputs: Names of outputs that have to stay; none for all.
        heads: ``key-value``, or empty for whichever heads are more.
        accept: Failed checks with which a study is made nevertheless.
        keep_data: Size up to which the study keeps the samples; None for no copy.
        engine: ``frontier`` or ``naive``.
        threads: Of the CPU; 0 lets torch choose.
        device: That computes; ``auto`` for a GPU, if there is one.
        precision: That points are computed in.
    """

    command: ClassVar[str] = "sweep"
    study_option: ClassVar[str | None] = "--study"
    study_after: ClassVar[str] = "data"

    model: str | None = field(default=None, metadata=ARGUMENT)
    data: str | None = option("--data", None)
    methods: tuple[str, ...] = option("--methods", ("magnitude",))
    sparsities: str = option("--sparsities", "0.1:0.9:0.1")
    layers: tuple[str, ...] = option("--layers", ())
    granularity: str = option("--granularity", "weight")
    recovery: tuple[str, ...] = option("--recovery", ("none",))
    seeds: tuple[int, ...] = option("--seeds", SEEDS)
    multiple: int = option("--round", 1)
    shard: str | None = option("--shard", None)
    screen: bool = option("--screen/--no-screen", True)
    mode: str = option("--mode", "exact")
    tolerance: float | str | None = option("--tolerance", None)
    limit: float | str | None = option("--limit", None)
    monotone: bool = option("--monotone/--no-monotone", True)
    familywise: bool = option("--familywise", False)
    budget: str | None = option("--budget", None)
    store: str | None = option("--store", None)
    ray: str | None = option("--ray", None)
    workers: int = option("--workers", 0)
    weights: str | None = option("--weights", None)
    random: bool = option("--random", False)
    metric: str | None = option("--metric", None)
    loss: str | None = option("--loss", None)
    outputs: tuple[str, ...] = option("--outputs", ())
    heads: str = option("--heads", "")
    accept: tuple[str, ...] = option("--accept", ())
    keep_data: str | None = option("--keep-data", None)
    engine: str = option("--engine", "frontier")
    threads: int = option("--threads", 0)
    device: str = option("--device", "auto")
    precision: str = option("--precision", "fp32")

    @staticmethod
    def of(grid: Grid) -> "Sweep":
        """Return the request that measures the points of ``grid`` in a study that there is."""
        return Sweep(
            methods=tuple(map(str, grid.methods)),
            sparsities=",".join(map(typed, grid.sparsities)),
            layers=grid.subjects,
            recovery=grid.recoveries,
            seeds=grid.seeds,
            multiple=grid.multiple,
            shard=None if grid.shard == WHOLE else str(grid.shard),
        )
