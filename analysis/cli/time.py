"""``time`` a plan, or the smaller models of a study's latency table."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from prunescope.api.open_study import open_study
from prunescope.cli.print_latency import print_table, table_figures
from prunescope.cli.read_arguments import use_device
from prunescope.cli.shared_options import (
    DataOption,
    DeviceOption,
    JobOption,
    JsonOption,
    RandomOption,
    WeightsOption,
    named_path,
)
from prunescope.cli.terminal import console, errors, print_json, reporting
from prunescope.errors import BadValue
from prunescope.latency.runtimes.registry import runtimes, runtimes_named, usual_runtimes
from prunescope.latency.runtimes.runtime import Runtime
from prunescope.latency.table.exchange import export_table, import_table, require_table_file
from prunescope.latency.table.predict_time import tables
from prunescope.latency.table.rows import stored_rows
from prunescope.progress import Progress
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.study import Manifest, Reference
from prunescope.study.bounds import checked_path, require_timing
from prunescope.study.computations import PROCESSOR
from prunescope.text.lists import listed
from prunescope.text.numbers import counted

if TYPE_CHECKING:
    from prunescope.latency.table.build import Built

_PLAN_BUDGET: Final = 30.0
_TABLE_BUDGET: Final = 120.0


def _each_runtime() -> str:
    """Return ``Both in PyTorch and in ONNX Runtime`` or the like, for the command's help."""
    titles = [each.title for each in usual_runtimes()]
    places = listed([f"in {title}" for title in titles])
    return f"Both {places}" if len(titles) == 2 else f"I{places[1:]}"


def _named_runtimes() -> str:
    """Return ``torch, onnx by default; onnx-int8 if asked for`` or the like."""
    asked = [each.name for each in runtimes() if not each.usual]
    usual = ", ".join(each.name for each in usual_runtimes())
    return f"{usual}; all by default." if not asked else (
        f"{usual} by default; {', '.join(asked)} if named."
    )  # fmt: skip


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
            help=f"Comma-separated: {_named_runtimes()}",
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
    device: DeviceOption = PROCESSOR,
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
        use_device(device)
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
                names = tuple(kind.name for kind in wanted)
                face = open_study(Path(study))
                _say(face.build_latency_table(batch, threads, seconds, names, progress))
                opened = StudyFolder.open(Path(study))
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
        from prunescope.latency.table.build import time_table

        bench = prepare(reference)
        with tempfile.TemporaryDirectory(prefix="prunescope-latency-") as place:
            folder = Path(place)
            table = stored_rows(folder)
            _say(time_table(bench, table, batch, threads, seconds, progress, chosen=wanted))
            _finish(folder, bench.manifest, export_file, json)


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


def _say(built: "Built") -> None:
    for problem in built.problems:
        errors.print(problem, highlight=False, markup=False)


def _holds(opened: StudyFolder) -> bool:
    return bool(tables(opened.folder, opened.manifest))


def _finish(folder: Path, manifest: Manifest, export_file: Path | None, json: bool) -> None:
    if export_file is not None:
        written = export_table(folder, manifest, export_file)
        errors.print(f"{counted(written, 'timed model')} written to {export_file}.")
    found = tables(folder, manifest)
    if json:
        print_json([table_figures(manifest, table) for table in found])
        return
    for table in found:
        print_table(manifest, table)
