"""``jobs``: what ran and runs on a study, and to pause, resume, cancel or restart it."""

from typing import Annotated, Literal

import typer
from rich import box
from rich.table import Table

from analysis.cli.durations import spoken
from analysis.cli.options import JsonOption, StudyArgument
from analysis.cli.terminal import console, count, errors, print_json
from analysis.errors import BadValue, UnknownName
from analysis.jobs import ACTIVE, Job, restart
from analysis.jobs import jobs as jobs_of
from analysis.store.folder import Study


def jobs(
    study: StudyArgument,
    action: Annotated[
        Literal["pause", "resume", "cancel", "restart"] | None,
        typer.Argument(help="What to do to a job; nothing lists them.", show_default=False),
    ] = None,
    job: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Such as 0003-sweep or 3; the newest by default."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List a study's jobs, or pause, resume, cancel or restart one."""
    folder = Study.open(study).folder
    if action is not None:
        _act(action, _named(jobs_of(folder), job))
        return
    found = [(each, each.snapshot()) for each in jobs_of(folder)]
    if json:
        print_json([{"id": each.id, "arguments": each.arguments, **vars(s)} for each, s in found])
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("job", "state", "done", "took", "last word"):
        table.add_column(name, no_wrap=name in ("job", "state"))
    for each, now in found:
        state = "paused" if now.paused else now.state
        done = f"{count(now.done)} of {count(now.total)}" if now.total else ""
        table.add_row(each.id, state, done, spoken(now.seconds), now.error or now.message)
    console.print(table)


def _act(action: str, job: Job) -> None:
    if action == "restart":
        errors.print(f"{restart(job).id} runs in the background.")
        return
    if job.state() not in ACTIVE:
        raise BadValue(
            f"Expected a job that waits or runs to {action}, but {job.id} is {job.state()}. "
            "Start it again with restart."
        )
    {"pause": job.pause, "resume": job.resume, "cancel": job.cancel}[action]()
    errors.print(f"{job.id}: asked to {action}.")


def _named(found: tuple[Job, ...], name: str | None) -> Job:
    if not found:
        raise BadValue("Expected a study with jobs, but it has none. Start one in the dashboard.")
    if name is None:
        return found[0]
    for job in found:
        if name in (job.id, str(job.number)):
            return job
    raise UnknownName.among("job", name, [job.id for job in found])
