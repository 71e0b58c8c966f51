"""``time`` a plan, or the smaller models of a study's latency table."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich import box
from rich.table import Table

from prunescope.api.open_study import open_study
from prunescope.cli.shared_options import (
    DataOption,
    JobOption,
    JsonOption,
    RandomOption,
    WeightsOption,
    named_path,
)
from prunescope.cli.terminal import console, errors, print_json, reporting
from prunescope.errors import BadValue
from prunescope.latency.runtimes.registry import runtime_titles, runtimes, runtimes_named
from prunescope.latency.runtimes.runtime import Runtime
from prunescope.latency.table.exchange import export_table, import_table, require_table_file
from prunescope.latency.table.predict_time import LatencyTable, tables
from prunescope.latency.table.rows import stored_rows
from prunescope.latency.table.staircase import described, flat_steps, staircase
from prunescope.progress import Progress
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.trust import require_vouched
from prunescope.study import Manifest, Reference
from prunescope.study.bounds import checked_path, require_timing
from prunescope.text.lists import listed
from prunescope.text.numbers import counted
from prunescope.text.units import percent

if TYPE_CHECKING:
    from prunescope.bench.workbench import Workbench

_PLAN_BUDGET: Final = 30.0
_TABLE_BUDGET: Final = 120.0


def _each_runtime() -> str:
    """Return ``Both in PyTorch and in ONNX Runtime`` or the like, for the command's help."""
    places = listed([f"in {title}" for title in runtime_titles()])
    return f"Both {places}" if len(runtime_titles()) == 2 else f"I{places[1:]}"


def time(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY", help="A study folder; or a model, to measure a table for elsewhere."
        ),
    ],
    plan: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", help="Time this plan; without one, build the table."),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Samples per run.")] = 1,
    budget: Annotated[
        float | None,
        typer.Option("--budget", help="Seconds to spend: 30 on a plan, 120 on a table by default."),
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="CPU threads.")] = 1,
    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            help=f"Comma-separated: {', '.join(each.name for each in runtimes())}; all by default.",
            show_default=False,
        ),
    ] = "",
    import_file: Annotated[
        Path | None,
        typer.Option(
            "--import-table",
            metavar="PATH",
            help="Add a table that another machine exported.",
            parser=named_path,
        ),
    ] = None,
    export_file: Annotated[
        Path | None,
        typer.Option(
            "--export-table",
            metavar="PATH",
            help="Write the timed models to this file.",
            parser=named_path,
        ),
    ] = None,
    data: DataOption = None,
    weights: WeightsOption = None,
    random: RandomOption = False,
    force: Annotated[
        bool, typer.Option("--force", help="Let --export-table replace a file that is no table.")
    ] = False,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Time a plan against the dense model; or, without one, the smaller models that predict all.

    {runtimes}, on this machine. An import measures nothing; an export
    writes what is there, and measures first where nothing is.
    """
    with reporting(job, quiet=json) as progress:
        if force and export_file is None:
            raise BadValue(
                "Expected --force with --export-table, which it lets replace a file, but got no "
                "file. Leave it out, or name a file with --export-table."
            )
        wanted = runtimes_named(runtime)
        checked_path(study, "the study")
        usual = _TABLE_BUDGET if plan is None else _PLAN_BUDGET
        seconds = usual if budget is None else budget
        require_timing(batch, threads, seconds)
        given = {"--data": data, "--weights": weights, "--random": random}
        own = [name for name, value in given.items() if value]
        if own and (plan is not None or (Path(study) / MANIFEST).is_file()):
            raise BadValue(
                f"Expected {own[0]} with a model in place of a study, but got a study, which has "
                "its own. Leave it out."
            )
        if plan is not None:
            if import_file is not None or export_file is not None:
                raise BadValue(
                    "Expected a plan or a table to import or export, but got both. Leave one out."
                )
            _time_plan(Path(study), plan, batch, threads, seconds, json, progress, wanted)
            return
        if (Path(study) / MANIFEST).is_file():
            opened = StudyFolder.open(Path(study))
            if export_file is not None:
                require_table_file(export_file, opened.manifest.reference, opened.folder, force)
            if import_file is not None:
                added = import_table(opened.folder, opened.manifest, import_file)
                machines = ", ".join(sorted({row.machine for row in added}))
                errors.print(f"{counted(len(added), 'timed model')} of {machines} imported.")
            elif export_file is None or budget is not None or not _holds(opened):
                opened = _build(opened, batch, threads, seconds, progress, wanted)
            _finish(opened.folder, opened.manifest, export_file, json)
            return
        if import_file is not None or export_file is None or data is None:
            StudyFolder.open(Path(study))  # says that there is none
            raise BadValue(
                f"Expected a study folder, or a model with --data and --export-table, but got "
                f"{study!r}. Name a study."
            )
        reference = Reference(study, data, weights=str(weights) if weights else None, random=random)
        require_table_file(export_file, reference, None, force)
        from prunescope.bench.workbench import prepare

        bench = prepare(reference)
        with tempfile.TemporaryDirectory(prefix="prunescope-latency-") as folder:
            _measure(bench, Path(folder), batch, threads, seconds, progress, wanted)
            _finish(Path(folder), bench.manifest, export_file, json)


time.__doc__ = str(time.__doc__).format(runtimes=_each_runtime())


def _time_plan(
    study: Path,
    plan: str,
    batch: int,
    threads: int,
    budget: float,
    json: bool,
    progress: Progress,
    wanted: Sequence[Runtime],
) -> None:
    names = tuple(kind.name for kind in wanted)
    report = open_study(study).time(plan, batch, threads, budget, names, progress)
    if json:
        print_json(report)
        return
    for line in report.lines():
        console.print(line)


def _holds(opened: StudyFolder) -> bool:
    return bool(tables(opened.folder, opened.manifest))


def _build(
    opened: StudyFolder,
    batch: int,
    threads: int,
    seconds: float,
    progress: Progress,
    wanted: Sequence[Runtime],
) -> StudyFolder:
    from prunescope.bench.workbench import prepare

    bench = prepare(require_vouched(opened.manifest.reference), opened.folder)
    opened.require(bench.manifest)
    if opened.manifest.graph is None:  # of before graphs were stored
        opened = opened.update(bench.manifest)
    _measure(bench, opened.folder, batch, threads, seconds, progress, wanted)
    return opened


def _measure(
    bench: "Workbench",
    folder: Path,
    batch: int,
    threads: int,
    seconds: float,
    progress: Progress,
    wanted: Sequence[Runtime],
) -> None:
    from prunescope.latency.table.build import time_table

    built = time_table(bench, stored_rows(folder), batch, threads, seconds, progress, chosen=wanted)
    for problem in built.problems:
        errors.print(problem, highlight=False, markup=False)


def _finish(folder: Path, manifest: Manifest, export_file: Path | None, json: bool) -> None:
    if export_file is not None:
        written = export_table(folder, manifest, export_file)
        errors.print(f"{counted(written, 'timed model')} written to {export_file}.")
    found = tables(folder, manifest)
    if json:
        print_json([_described(manifest, table) for table in found])
        return
    for table in found:
        _print(manifest, table)


def _described(manifest: Manifest, table: LatencyTable) -> dict[str, object]:
    known = {name: staircase(manifest, table, name) for name in table.timed_groups}
    return {
        "setting": vars(table.setting),
        "models": len(table.rows),
        "dense_seconds": table.dense_seconds,
        "error": table.error(manifest),
        "macs_error": table.macs_error(manifest),
        "staircases": {
            name: [{"kept": s.kept, "ratio": s.ratio, "timed": s.timed} for s in steps]
            for name, steps in known.items()
        },
        "flat": {
            name: described(flat_steps(steps), manifest.group(name).granularity)
            for name, steps in known.items()
        },
    }


def _print(manifest: Manifest, table: LatencyTable) -> None:
    error, by_macs = table.error(manifest), table.macs_error(manifest)
    console.print(
        f"{table.setting}: dense {1e3 * table.dense_seconds:.3g} ms, "
        f"{counted(len(table.rows), 'smaller model')} timed. "
        + (
            "Too few combinations are timed to state an error; spend more --budget."
            if error is None or by_macs is None
            else f"A plan's time is predicted with a median error of {percent(error)} on held-out "
            f"models ({percent(by_macs, 0)} in proportion to MACs)."
        ),
        highlight=False,
    )
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("group", no_wrap=True)
    for share in (75, 50, 25):
        shown.add_column(f"{share} % kept", justify="right")
    shown.add_column("steps that buy nothing")
    for name in table.timed_groups:
        steps = staircase(manifest, table, name)
        cells = [
            f"{steps[max(round(len(steps) * s / 100), 1) - 1].ratio:.3f}×" for s in (75, 50, 25)
        ]
        shown.add_row(
            name, *cells, " ".join(described(flat_steps(steps), manifest.group(name).granularity))
        )
    console.print(shown)
    console.print("Times relative to the dense model, one group smaller and the rest dense.")
