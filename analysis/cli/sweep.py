"""``sweep`` a model: measure every layer's curve."""

from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

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
    named_path,
)
from prunescope.cli.terminal import errors, print_json, reporting, say_problem
from prunescope.commands import next_steps
from prunescope.data_kinds.large_samples import on_disk
from prunescope.errors import BadValue, UnknownName
from prunescope.model_kinds.sample_studies import sample_data, usual_metric
from prunescope.object_store.address import checked_store
from prunescope.object_store.while_sweeping import begin_from, pull
from prunescope.store.folder import MANIFEST, StudyFolder
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
from prunescope.study.recoveries import RECOVERIES
from prunescope.study.shard import WHOLE, Shard
from prunescope.study.soundness import REFUSABLE
from prunescope.sweep.stopping_policy import SEARCHES, Stopping
from prunescope.text.computations import computation_words, precision_sentence
from prunescope.text.durations import seconds_from
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of
from prunescope.text.sizes import size_from


def sweep(
    study: Annotated[
        Path,
        typer.Option(
            "--study", metavar="PATH", help="Folder to make or to go on with.", parser=named_path
        ),
    ],
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="As for inspect; not needed to go on with a study."),
    ] = None,
    data: DataOption = None,
    methods: Annotated[
        str, typer.Option("--methods", help="Comma-separated criteria, or criterion@granularity.")
    ] = "magnitude",
    sparsities: Annotated[
        str, typer.Option("--sparsities", help="0.5,0.7 or first:last:step.")
    ] = "0.1:0.9:0.1",
    layers: Annotated[
        str,
        typer.Option(
            "--layers",
            help="Names or patterns ('layer3.*'), with commas; all by default.",
        ),
    ] = "",
    granularity: Annotated[
        str, typer.Option("--granularity", help="weight, channel, head or block, without @.")
    ] = "weight",
    recovery: Annotated[
        str, typer.Option("--recovery", help=f"Comma-separated: {', '.join(RECOVERIES)}.")
    ] = "none",
    seeds: Annotated[
        str, typer.Option("--seeds", help="Comma-separated, for random: drawn as a band.")
    ] = ",".join(map(str, SEEDS)),
    multiple: Annotated[
        int,
        typer.Option("--round", min=1, help="Units that stay come in multiples: 1, 4, 8, 16, 32."),
    ] = 1,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Part of the points: 2/8 is the second of eight machines'. Put their studies "
            "together with prunescope merge.",
        ),
    ] = None,
    screen: Annotated[
        bool,
        typer.Option(
            "--screen/--no-screen",
            help="While points wait for their first samples, see without labels how much each "
            "changes its layer's outputs.",
        ),
    ] = True,
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            help="exact: every sample, uncertain points first. adaptive: stop points that are "
            "certain enough. decide: only whether a drop passes the limit. find: each layer's "
            "largest sparsity within the limit, from a few samples. certify: the same, and one "
            "that is certainly within it. look: predict all of it from gradients and a few "
            "measured points, with the error of that.",
        ),
    ] = "exact",
    tolerance: Annotated[
        str | None,
        typer.Option(
            "--tolerance",
            help="Accepted half-width of a drop, in the metric's unit or as 1% of dense; 0.005, "
            "half a point, by default (a tenth of the drop always is).",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            "--limit",
            help="Drop to decide against, in the metric's unit or as 2% of dense; 0.02, two "
            "points, for decide.",
            show_default=False,
        ),
    ] = None,
    monotone: Annotated[
        bool,
        typer.Option(
            "--monotone/--no-monotone",
            help="A sparsity certainly past the limit settles the larger ones.",
        ),
    ] = True,
    familywise: Annotated[
        bool, typer.Option("--familywise", help="All intervals hold together, not each alone.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            help="Time to spend, such as 90s, 5m or 1h: whole points, of every layer first.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            parser=checked_store,
            help="s3://BUCKET/NAME, gs://, az:// or file:///FOLDER: what is there is not measured "
            "again, what is measured is sent there.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="local, auto or HOST:PORT: measure on Ray's workers, which share --store.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", min=0, help="Of --ray; 0 for as many as there is room for."),
    ] = 0,
    weights: WeightsOption = None,
    random: RandomOption = False,
    metric: MetricOption = None,
    loss: LossOption = None,
    outputs: OutputsOption = "",
    heads: HeadsOption = "",
    accept: Annotated[
        str,
        typer.Option(
            "--accept",
            help=f"Begin although a check fails: {', '.join(REFUSABLE)}. Every page then says so.",
        ),
    ] = "",
    keep_data: Annotated[
        str | None,
        typer.Option(
            "--keep-data",
            metavar="SIZE",
            help="Keep a copy of the data in the study if they take at most this, such as 500MB.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="frontier, or naive: the plain loop, to compare with.")
    ] = "frontier",
    threads: ThreadsOption = 0,
    device: DeviceOption = "auto",
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            help="fp32, tf32, bf16 or fp16: of the points; what a lower one does to the dense "
            "model is measured and said.",
        ),
    ] = FP32,
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
        reference = _reference(study, model, data, weights, random, metric, loss, chosen, heads)
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


def _reference(
    study: Path,
    model: str | None,
    data: str | None,
    weights: Path | None,
    random: bool,
    metric: str | None,
    loss: str | None,
    outputs: tuple[str, ...],
    heads: str,
) -> Reference:
    if model is None:
        if not (study / MANIFEST).exists():
            raise BadValue(
                f"Expected a model to make the new study {study} from, but got none. Run: "
                f"{next_steps.make_study()}."
            )
        known = StudyFolder.open(study).manifest.reference
        if metric is not None and metric == ",".join((known.metric, *known.also)):
            metric = known.metric
        given = {"data": data, "weights": weights and str(weights), "metric": metric, "loss": loss,
                 "random": random or None, "outputs": outputs or None,
                 "heads": heads or None}  # fmt: skip
        if data is not None and data != known.data and known.own_network is not None:
            known = replace(known, data=data, own_data=None)  # the same ones, or it is refused
        others = [k for k, v in given.items() if v is not None and v != getattr(known, k)]
        if others:
            raise BadValue(
                f"Expected the study's own --{others[0]} ({getattr(known, others[0])}), but got "
                f"{given[others[0]]}. Leave it out, or name MODEL and another folder."
            )
        return known
    data = data or sample_data(model)
    if data is None:
        raise BadValue(
            "Expected data to evaluate on, but got none. Add --data, such as imagefolder:DIR."
        )
    source = str(weights) if weights else None
    metric = metric or usual_metric(model, data)
    return Reference(model, data, metric, source, random, loss or "", outputs, heads=heads)


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
