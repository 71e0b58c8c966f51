"""``jobs``: what ran and runs on a study, and to pause, resume, cancel or restart it."""

from typing import Annotated, Final, Literal

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from prunescope.cli.shared_options import JsonOption, StudyArgument
from prunescope.cli.terminal import console, errors, print_json
from prunescope.errors import BadReference, BadValue, StorageFailure, UnknownName
from prunescope.jobs import ACTIVE, UNKNOWN, Job, restart, stop
from prunescope.jobs import jobs as jobs_of
from prunescope.text.durations import spoken
from prunescope.text.numbers import exact
from prunescope.text.sweep_costs import macs_done, points_done

_ENDED: Final = {
    "done": "is done", "failed": "has failed", "cancelled": "was cancelled", "died": "has died",
    UNKNOWN: "belongs to another machine or container",
}  # fmt: skip


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
    known = jobs_of(study)  # a study that its first job has not made yet has jobs too
    if not known and not study.is_dir():
        raise BadReference(f"Expected a study folder, but {study} is none. Name one.")
    if action is not None:
        _act(action, _named(known, job))
        return
    found = [(each, each.snapshot()) for each in known]
    if json:
        print_json(
            [{"id": each.id, "arguments": each.command_line, **vars(s)} for each, s in found]
        )
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("job", "state", "done", "work", "took", "left", "last word"):
        table.add_column(name, no_wrap=name in ("job", "state", "took"))
    for each, now in found:
        state = "stopping" if now.stopping else "paused" if now.paused else now.state
        steps = f"{exact(now.done)} of {exact(now.total)}" if now.total else ""
        table.add_row(
            each.id, state, points_done(now.figures) or steps, macs_done(now.figures),
            spoken(now.seconds), "" if now.remaining is None else spoken(now.remaining),
            escape(now.error or now.message),
        )  # fmt: skip
    console.print(table)


def _act(action: str, job: Job) -> None:
    if action == "restart":
        errors.print(f"{restart(job).id} runs in the background.")
        return
    if action == "cancel" and job.state() == UNKNOWN:
        job.cancel()
        errors.print(f"{job.id}: asked to cancel; where it runs, it sees that by itself.")
        return
    if job.state() not in ACTIVE:
        raise BadValue(
            f"Expected a job that waits or runs to {action}, but {job.id} {_ENDED[job.state()]}. "
            "Start it again with restart."
        )
    {"pause": job.pause, "resume": job.resume, "cancel": job.cancel}[action]()
    errors.print(f"{job.id}: asked to {action}.")
    if action == "cancel" and (state := stop(job)) in ACTIVE:
        raise StorageFailure(
            f"Expected {job.id} to end, but it is still {state} though it was killed: it waits for "
            "a disk, or belongs to another account. Ask that account, or look at the disk."
        )
    if action == "cancel":
        errors.print(f"{job.id} {_ENDED[job.state()]}. What was finished is kept.")


def _named(found: tuple[Job, ...], name: str | None) -> Job:
    if not found:
        raise BadValue("Expected a study with jobs, but it has none. Start one in the dashboard.")
    if name is None:
        return found[0]
    for job in found:
        if name in (job.id, str(job.number)):
            return job
    raise UnknownName.among("job", name, [job.id for job in found])
