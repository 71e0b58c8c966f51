"""The worker's side of a job: wait for the turn, report, and say how it ended."""

import contextlib
import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

from prunescope.commands import JOB_OPTION
from prunescope.errors import BadReference, Cancelled, PrunescopeError, StorageFailure
from prunescope.jobs.job import folders, job_folder, open_job
from prunescope.jobs.processes import identify
from prunescope.jobs.queue import limit, queue
from prunescope.jobs.records import (
    ACTIVE,
    CANCEL,
    END,
    HEARD,
    JOB,
    LOG,
    PAUSE,
    PROGRESS,
    SPAWNED,
    TURN,
    EndRecord,
    EndState,
)
from prunescope.jobs.stopping import watched
from prunescope.store.files import storage
from prunescope.store.json_documents import write_document
from prunescope.text.numbers import counted
from prunescope.user_code.memory import memory_sentence, out_of_memory
from prunescope.user_code.patience import listening

_POLL: Final = 0.2
_OFTEN: Final = 0.1
_SELDOM: Final = 2.0
_SHARE: Final = 0.005
"""Lines that carry nothing but a count are written at most every tenth of a second, and later on
every two hundredth of the running time up to two seconds: all of them are read at every look."""


class JobFailed(PrunescopeError):
    """A job that ended by an error which nobody foresaw; its log holds the traceback."""


class JobProgress:
    """Report to a job's folder; implements ``prunescope.progress.Progress``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stopped = False
        """Whether the run has been told to stop."""
        self.ending = False
        """Whether the work is over, and only its end is still to be recorded."""
        self._steps = 0
        self._message = ""
        self._figures: dict[str, float] = {}
        self._began, self._written = time.monotonic(), 0.0

    def start(self, total: int, message: str) -> None:
        """Say that a phase of ``total`` steps begins."""
        self.flush()
        self._write(total=total, message=message)

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Say that ``steps`` are done; values are always written, counts now and then."""
        self._steps += steps
        self._message = message or self._message
        now = time.monotonic()
        wait = min(max(_OFTEN, _SHARE * (now - self._began)), _SELDOM)
        if values or now - self._written >= wait:
            plain = {name: float(value) for name, value in values.items()}
            self.flush(**({"values": plain} if plain else {}))

    def say(self, message: str) -> None:
        """Say what is being done, and write it at once; callable from any thread."""
        self._write(steps=0, message=message)

    def stand(self, **figures: float) -> None:
        """Say where the run stands; written with the next count."""
        self._figures = {name: float(value) for name, value in figures.items()}

    def cancelled(self) -> bool:
        """Return whether somebody asked to stop; while the job is paused, wait first."""
        while not self._asked() and (self.folder / PAUSE).exists():
            time.sleep(_POLL)
        return self.stopped

    def hear(self) -> None:
        """Note that the run was told to stop: from now on it has time to bring itself to an end."""
        self.stopped = True
        with contextlib.suppress(OSError):
            (self.folder / HEARD).touch()

    def _asked(self) -> bool:
        if not self.stopped and (self.folder / CANCEL).exists():
            self.hear()
        return self.stopped

    def flush(self, **more: Any) -> None:
        """Write what is counted but not yet written."""
        if self._figures:
            more["figures"] = self._figures
        if self._steps or more:
            self._write(steps=self._steps, message=self._message, **more)
            self._steps, self._message, self._figures = 0, "", {}

    def _write(self, **content: Any) -> None:
        """Append one whole line in one write, so that a reader sees all of it or none."""
        line = (
            json.dumps({"time": time.time(), "clock": time.monotonic(), **content}).encode() + b"\n"
        )
        path = self.folder / PROGRESS
        with storage(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)
        self._written = time.monotonic()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[JobProgress]:
    """Run the block as the job in ``folder``: wait for earlier jobs, then record how it ends.

    ``done`` when the block ends and never heard of a cancellation; ``cancelled`` when it did, or
    raises ``Cancelled``, or is interrupted by SIGINT or SIGTERM; ``failed`` with the sentence of
    a ``PrunescopeError``, which passes on; ``failed`` with a traceback in ``log.txt`` for anything
    else.

    Raises:
        BadReference: No job there.
        Cancelled: It was cancelled while it waited for its turn.
        JobFailed: In place of an error that is not a ``PrunescopeError``.
    """
    folder = folder.resolve()
    if not (folder / JOB).is_file():
        raise BadReference(
            f"Expected a job's folder with {JOB}, but {folder} has none. Leave {JOB_OPTION} "
            "out: it is for processes that the dashboard starts."
        )
    progress = JobProgress(folder)
    with _terminable(progress), _recorded(folder, progress), watched(folder):
        try:
            _await_turn(folder, progress)
            with listening(progress.say, lambda sentence: _end_anyway(folder, sentence)):
                yield progress
            progress.flush()
        finally:
            progress.ending = True


@contextlib.contextmanager
def _recorded(folder: Path, progress: JobProgress) -> Iterator[None]:
    """Record how the block ends; see ``running``."""
    try:
        yield
    except (Cancelled, KeyboardInterrupt):
        _end(folder, "cancelled")
        raise
    except PrunescopeError as error:
        _end_anyway(folder, str(error))
        raise
    except SystemExit as error:  # whatever the code, the block did not come to its end
        sentence = f"Expected the job to finish, but it exited with {error.code}. Read {LOG}."
        _end_anyway(folder, sentence)
        raise JobFailed(sentence) from error
    except Exception as error:
        sentence = _log(folder, error)
        _end_anyway(folder, sentence)
        raise JobFailed(sentence) from error
    else:
        _end(folder, "cancelled" if progress.stopped else "done")


@contextlib.contextmanager
def _terminable(progress: JobProgress) -> Iterator[None]:
    """Let SIGTERM interrupt the run once; it stops as well if Python drops the exception."""
    if threading.current_thread() is not threading.main_thread():  # only it receives signals
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        let = progress.stopped or progress.ending
        progress.hear()
        if not let:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _await_turn(folder: Path, progress: JobProgress) -> None:
    if not (folder / SPAWNED).exists():  # its starter was killed before it could write this
        write_document(folder / SPAWNED, identify(os.getpid()))
    told = ""
    while (ahead := _ahead(folder) or _others(folder)) is not None:
        if ahead != told:
            progress.start(0, f"waiting for {ahead}")
            told = ahead
        if progress.cancelled():
            break
        time.sleep(_POLL)
    if progress.cancelled():
        raise Cancelled(
            "Expected the job to get its turn, but it was cancelled while it waited. Start it "
            "again when you want it."
        )
    write_document(folder / TURN, identify(os.getpid()))


def _ahead(folder: Path) -> str | None:
    """The first earlier job that still waits or runs."""
    for other in folders(folder.parent.parent):
        if job_folder(other) >= job_folder(folder):
            return None
        if (other / END).exists():
            continue
        job = open_job(other)
        if job is not None and job.state() in ACTIVE:
            return job.id
    return None


def _others(folder: Path) -> str | None:
    """What the job waits for among the other studies of its folder."""
    job = open_job(folder)
    if job is None:
        return None
    line = queue(folder.parent.parent.parent)
    if line.lets(job, limit()):
        return None
    return f"{counted(len(line.ahead_of(job)), 'job')} of other studies"


def _end(folder: Path, state: EndState, error: str | None = None) -> None:
    write_document(folder / END, EndRecord(state, time.time(), error, time.monotonic()))


def _end_anyway(folder: Path, sentence: str) -> None:
    """Record a failure; where even that cannot be written, the first error is the one to show."""
    with contextlib.suppress(StorageFailure):
        _end(folder, "failed", sentence)


def _log(folder: Path, error: Exception) -> str:
    with contextlib.suppress(OSError), (folder / LOG).open("a") as log:
        log.write("".join(traceback.format_exception(error)))
    if out_of_memory(error):
        return memory_sentence(error)
    said = " ".join(str(error).split())[:300].rstrip(".")
    return (
        f"Expected the job to finish, but it raised {type(error).__name__}: {said or 'no text'}. "
        f"The traceback is in {LOG} of {folder.name}."
    )
