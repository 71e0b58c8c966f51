"""``sweep`` a model: measure every layer's curve."""

from dataclasses import asdict, replace
from time import monotonic
from typing import Final

from prunescope.api.sharing import Sharing
from prunescope.cli.garbage_collector import resting
from prunescope.cli.print_checks import print_checks
from prunescope.cli.print_look import print_look
from prunescope.cli.print_search import print_search
from prunescope.cli.print_sweep import (
    cost_told,
    print_budget,
    print_report,
    print_shard,
    print_sharing,
)
from prunescope.cli.read_arguments import listed, use_device, use_threads
from prunescope.cli.shared_options import (
    DataOption,
    DeviceOption,
    HeadsOption,
    JobOption,
    JsonOption,
    LossOption,
    MetricOption,
    OutputsOption,
    RandomOption,
    ThreadsOption,
    WeightsOption,
)
from prunescope.cli.sweep_options import (
    AcceptOption,
    BudgetOption,
    EngineOption,
    FamilywiseOption,
    GranularityOption,
    IntoStudyOption,
    KeepDataOption,
    LayersOption,
    LimitOption,
    MethodsOption,
    ModelOrNoneArgument,
    ModeOption,
    MonotoneOption,
    PrecisionOption,
    RayOption,
    RecoveriesOption,
    RoundOption,
    ScreenOption,
    SeedsOption,
    ShardOption,
    SparsitiesOption,
    StoreOption,
    ToleranceOption,
    WorkersOption,
)
from prunescope.cli.sweep_reference import sweep_reference
from prunescope.cli.terminal import errors, print_json, reporting, say_problem
from prunescope.data_kinds.large_samples import on_disk
from prunescope.errors import BadValue, UnknownName
from prunescope.object_store.while_sweeping import begin_from, pull
from prunescope.store.folder import StudyFolder
from prunescope.store.study_files import kept_files
from prunescope.store.trust import require_vouched, vouch, vouch_function
from prunescope.study import (
    SEEDS,
    Grid,
    Method,
    Reference,
    is_user_criterion,
    parse_methods,
    parse_sparsities,
)
from prunescope.study.bounds import THREADS
from prunescope.study.computations import FP32, ORDINARY, PRECISIONS
from prunescope.study.grid import check_names
from prunescope.study.shard import WHOLE, Shard
from prunescope.study.soundness import REFUSABLE
from prunescope.sweep.stopping_policy import SEARCHES, Stopping
from prunescope.text.computations import computation_words, precision_sentence
from prunescope.text.durations import seconds_from
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of
from prunescope.text.sizes import size_from

_SEEDS: Final = ",".join(map(str, SEEDS))


def sweep(
    study: IntoStudyOption,
    model: ModelOrNoneArgument = None,
    data: DataOption = None,
    methods: MethodsOption = "magnitude",
    sparsities: SparsitiesOption = "0.1:0.9:0.1",
    layers: LayersOption = "",
    granularity: GranularityOption = "weight",
    recovery: RecoveriesOption = "none",
    seeds: SeedsOption = _SEEDS,
    multiple: RoundOption = 1,
    shard: ShardOption = None,
    screen: ScreenOption = True,
    mode: ModeOption = "exact",
    tolerance: ToleranceOption = None,
    limit: LimitOption = None,
    monotone: MonotoneOption = True,
    familywise: FamilywiseOption = False,
    budget: BudgetOption = None,
    store: StoreOption = None,
    ray: RayOption = None,
    workers: WorkersOption = 0,
    weights: WeightsOption = None,
    random: RandomOption = False,
    metric: MetricOption = None,
    loss: LossOption = None,
    outputs: OutputsOption = "",
    heads: HeadsOption = "",
    accept: AcceptOption = "",
    keep_data: KeepDataOption = None,
    engine: EngineOption = "frontier",
    threads: ThreadsOption = 0,
    device: DeviceOption = "auto",
    precision: PrecisionOption = FP32,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Measure every layer's curve; what the study already holds is not measured again."""
    with reporting(job, quiet=json) as progress:
        # Names and numbers are checked before a second is spent on loading torch.
        grid = Grid(
            methods=tuple(
                Method.parse(f"{m.criterion}@{granularity}") if m.granularity == "weight" else m
                for m in parse_methods(methods)
            ),
            sparsities=parse_sparsities(sparsities),
            subjects=tuple(name for name in layers.split(",") if name),
            recoveries=tuple(recovery.split(",")),
            seeds=_seeds(seeds),
            multiple=multiple,
            shard=WHOLE if shard is None else Shard.parse(shard),
        )
        check_names("precision", (precision,), PRECISIONS)
        sharing = Sharing(store, ray, workers, threads, device)
        stopping = Stopping(mode, tolerance, limit, monotone, familywise)  # type: ignore[arg-type]
        seconds = seconds_from(budget)
        THREADS.checked(threads)
        accepted = _accepted(accept)
        most = size_from(keep_data)
        begun = monotonic()
        chosen = listed(outputs)
        if sharing.store is not None and model is None:
            begin_from(sharing.store, study)
        reference = sweep_reference(
            study, model, data, weights, random, metric, loss, chosen, heads
        )
        if model is not None and job is None:
            vouch(reference)  # typed by the owner of this account
        else:
            if data is not None and job is None:
                vouch(Reference("", data))
            require_vouched(reference, study)
        if job is None:
            for method in grid.methods:
                if is_user_criterion(method.criterion):
                    vouch_function(method.criterion)
        progress.start(0, "loading and capturing the model")
        with resting():
            from prunescope.api.shared_sweep import shared_sweep
            from prunescope.api.user_methods import with_user_methods
            from prunescope.bench.device import device_in_use
            from prunescope.bench.keep_data import keep_asked, lying_at
            from prunescope.bench.keep_network import as_kept, keep_network
            from prunescope.bench.precision import require_precision
            from prunescope.bench.workbench import prepare
            from prunescope.soundness.check_bench import checked, keep_checks

            use_threads(threads)
            use_device(device)
            require_precision(precision, device_in_use())
            bench = checked(prepare(reference, study), reference.metric, study, accepted)
            bench = replace(bench, precision=precision)
        policy = stopping.policy(words_of(bench.manifest))
        if not json:
            say_problem(bench.manifest)
            if text := on_disk():
                errors.print(text, highlight=False)
        if job is None and not json:
            print_checks(bench.manifest.soundness)
            manifest = bench.manifest
            if text := uncounted(manifest.outputs, manifest.free_layers):
                errors.print(text, highlight=False, markup=False)
        opened = keep_checks(StudyFolder.create(study, bench.manifest), bench)
        before = kept_files(opened.manifest.reference)
        opened = keep_network(lying_at(opened, data), bench)
        opened = keep_asked(opened, bench, most)
        kept = kept_files(opened.manifest.reference)
        if not json and kept != before:
            errors.print(f"The study keeps {kept}.", highlight=False)
        bench = as_kept(bench, opened)
        outbox = None if sharing.store is None else pull(sharing.store, opened)
        opened = opened if outbox is None else outbox.study
        opened, grid = with_user_methods(bench, opened, grid)
        if (
            job is None
            and not json
            and policy.mode not in SEARCHES
            and (cost := cost_told(bench, opened, grid, seconds is not None))
        ):
            errors.print(cost)
        sharing = replace(sharing, device=device_in_use().type)
        swept, crewed = shared_sweep(
            bench, opened, grid, progress, policy, sharing, outbox, engine, screen, begun, seconds
        )
    if swept.look is not None:
        assert policy.limit is not None
        print_look(swept.look, words_of(opened.manifest), policy.limit, json)
        return
    if swept.search is not None:
        print_search(swept.search, swept.left_out, words_of(opened.manifest), json)
        return
    if json:
        precise = swept.precision and asdict(swept.precision)
        print_json(
            asdict(swept.report)
            | {"left_out": swept.left_out, "computed_on": bench.computed_on, "precision": precise}
            | {"exchange": swept.exchange and asdict(swept.exchange)}
        )
        return
    for sentence in (
        f"Points were computed {computation_words(bench.computed_on)}."
        if bench.computed_on != ORDINARY
        else "",
        precision_sentence(swept.precision, words_of(bench.manifest)) if swept.precision else "",
    ):
        if sentence:
            errors.print(sentence, highlight=False, markup=False)
    print_report(swept.report, swept.left_out, swept.spent, study)
    print_shard(grid.shard, study)
    print_sharing(sharing.store, crewed, swept.exchange)
    print_budget(swept.setting_up, seconds)


def _accepted(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name)
    for name in names:
        if name not in REFUSABLE:
            raise UnknownName.among("check to accept", name, REFUSABLE)
    return names


def _seeds(text: str) -> tuple[int, ...]:
    if not all(part.strip().isdigit() for part in text.split(",")):
        raise BadValue(f"Expected seeds like 0 or 0,1,2, but got {text!r}. Use whole numbers.")
    return tuple(int(part) for part in text.split(","))
