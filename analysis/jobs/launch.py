"""Start jobs as processes that outlive whoever started them."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from prunescope.commands import JOB_OPTION, PROGRAM, Request
from prunescope.errors import BadReference, BadValue, StorageFailure
from prunescope.jobs.job import FOLDER, Job, folders, job_folder, jobs, recorded
from prunescope.jobs.processes import identify
from prunescope.jobs.queue import require_room
from prunescope.jobs.records import ACTIVE, END, JOB, LOG, SPAWNED, EndRecord, JobRecord
from prunescope.jobs.study_paths import names_files_beside, placed, portable
from prunescope.jobs.warm_worker import WarmWorker
from prunescope.store.json_documents import write_document
from prunescope.store.locks import single_process_lock
from prunescope.store.read_only import read_only, require_writable

_PATIENCE: Final = 30.0
_KIND: Final = re.compile(r"[a-z][\w-]*")
_WARM_WORKER: Final = WarmWorker()


def start(
    study: Path,
    request: Request | Sequence[str],
    command: Sequence[str] | None = None,
    directory: Path | None = None,
    owner: str = "",
) -> Job:
    """Start what ``request`` asks of a study in a process of its own and return its job.

    The process belongs to no terminal and no server: it ends when its work ends. One job of a
    study runs at a time, later ones wait for it. The same arguments as those of a job that is
    still waiting or running start nothing: that job is returned, so two tabs get one job.

    Args:
        study: Folder of the study; made when it does not exist.
        request: A command's request, or arguments of the command line, the command (the job's
            kind) first. The job's folder records them without the study's place.
        command: What to run instead of ``python -m prunescope.cli``.
        directory: Where relative paths among the arguments begin; the present one by default.
        owner: Who starts it, as that person signs.

    Raises:
        BadValue: No arguments, the first one is no command, or too many jobs wait already.
        ReadOnly: This process may change nothing.
        StorageFailure: The folder cannot be written, or no process can be started.
    """
    arguments = request.arguments(study) if isinstance(request, Request) else request
    wanted = portable([str(argument) for argument in arguments], study)
    if not wanted or not _KIND.fullmatch(wanted[0]):
        raise BadValue(
            f"Expected arguments to begin with a command such as sweep, but got {list(wanted)}. "
            "Name the command first."
        )
    require_writable("the list of jobs")
    study = study.resolve()
    with locked(study / FOLDER):
        for job in jobs(study):
            if job.arguments == wanted and job.state() in ACTIVE:
                return job
        require_room(study)
        taken = folders(study)
        number = job_folder(taken[-1]) + 1 if taken else 1
        folder = study / FOLDER / f"{number:04d}-{wanted[0]}"
        starter = identify(os.getpid())
        (place,) = portable([str((directory or Path.cwd()).absolute())], study)
        record = JobRecord(wanted, starter.since, place, owner, starter)
        write_document(folder / JOB, record)
        _spawn(folder, placed(wanted, study), command, directory)
    return Job(folder, folder.name, wanted[0], wanted, record.created, owner, starter)


def restart(job: Job, command: Sequence[str] | None = None, owner: str = "") -> Job:
    """Start what ``job`` was asked to do once more, and return the new job.

    A sweep goes on with what is missing. A job that still waits or runs is returned as it is. In a
    study that was moved or copied since, it works on the study where it lies now; other relative
    paths begin where they did.

    Raises:
        BadReference: They began in a folder that is gone.
    """
    record = recorded(job.folder)
    known = placed([record.directory], job.study)[0] if record is not None else ""
    directory = Path(known) if known and Path(known).is_dir() else None
    beside = names_files_beside(job.arguments)
    if known and directory is None and beside:
        raise BadReference(
            f"Expected the folder {known} for {beside[0]}, a path of {job.id} that begins there, "
            "but it is gone. Bring it back, or type the command with the path as it is now: "
            f"{shlex.join([PROGRAM, *job.command_line])}."
        )
    return start(job.study, job.command_line, command, directory, owner)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time into the block; the system frees the lock of a killed one.

    Raises:
        StorageFailure: Somebody has held the lock for half a minute.
    """
    with single_process_lock(folder, _PATIENCE) as got:
        if not got:
            raise StorageFailure(
                f"Expected {folder} to be free for a new job, but another process has held "
                "its lock for half a minute. Close the other window and try again."
            )
        yield


def keep_warm_worker() -> None:
    """Have a process at hand that the next job takes over, already imported; return at once.

    For servers, when nothing runs: what a job imports costs seconds of a core. Where nothing may be
    changed there are no jobs to keep it for.
    """
    if read_only():
        return
    _WARM_WORKER.keep(_environment())


def _spawn(
    folder: Path, wanted: Sequence[str], command: Sequence[str] | None, directory: Path | None
) -> None:
    arguments = [*wanted, JOB_OPTION, str(folder)]
    process = None
    if command is None:
        # -P: like the console script, no file of the folder may take the place of a library's.
        command = (sys.executable, "-P", "-m", "prunescope.cli")
        process = _WARM_WORKER.take(arguments, (directory or Path.cwd()).resolve(), folder / LOG)
    if process is None:
        process = _fresh(folder, [*command, *arguments], directory)
    write_document(folder / SPAWNED, identify(process.pid))
    # Without this, an ended child stays in the process table for as long as its server runs.
    threading.Thread(target=process.wait, name=f"reaper-{folder.name}", daemon=True).start()


def _fresh(
    folder: Path, command: Sequence[str], directory: Path | None
) -> "subprocess.Popen[bytes]":
    try:
        with (folder / LOG).open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
                cwd=directory,
            )
    except OSError as error:
        sentence = (
            f"Expected a process to start for {folder.name}, but got: {error}. Free memory or "
            "disk and start it again."
        )
        write_document(folder / END, EndRecord("failed", time.time(), sentence, time.monotonic()))
        raise StorageFailure(sentence) from error


def _environment() -> dict[str, str]:
    """The caller's, with one core left to the server unless the caller says otherwise."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = str(max(1, (cores or 1) - 1))
    return {
        "OMP_NUM_THREADS": threads,
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        **os.environ,
    }
