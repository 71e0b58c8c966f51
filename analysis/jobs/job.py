"""A job as its files tell it."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from prunescope.errors import DamagedFile
from prunescope.jobs.machine import this_machine
from prunescope.jobs.processes import alive, whereabouts
from prunescope.jobs.records import (
    ACTIVE,
    CANCEL,
    END,
    JOB,
    LOG,
    PAUSE,
    PROGRESS,
    SPAWNED,
    TURN,
    UNKNOWN,
    EndRecord,
    JobRecord,
    ProcessRecord,
    Snapshot,
    State,
    Track,
    read_track,
)
from prunescope.jobs.study_paths import placed, portable, without_place
from prunescope.store.files import storage
from prunescope.store.json_documents import read_document
from prunescope.store.read_only import require_writable

FOLDER: Final = "jobs"
Record = TypeVar("Record", JobRecord, ProcessRecord, EndRecord)
_NAME: Final = re.compile(r"(\d+)-[\w-]+")
_SPAWNING: Final = 30.0
"""Seconds after which a job that no process ever took on counts as dead."""
_FRAME: Final = " \t│╭╮╰╯─"
_DIED: Final = (
    "Expected the job to end with a word, but its process is gone (killed, out of memory, or left "
    "by code of the model or the data). Start it again: what was finished is kept."
)
_ELSEWHERE: Final = (
    "Expected a job of this machine, but it was started {place}: whether it still works does not "
    "show from here. Look there, or start it again here: what was finished is kept."
)


@dataclass(frozen=True)
class Job:
    """A run in another process.

    Attributes:
        folder: Holds everything that is known about it.
        id: The folder's name, such as ``0003-sweep``; unique in its study.
        kind: The command: ``sweep``, ``finetune``, ...
        arguments: Of the command line, the kind included, without ``--job``; the study's folder
            is written ``{study}``.
        created: When it was asked for, seconds since the epoch.
        owner: Who started it, as that person signs; empty where nobody said.
        starter: The process that started it; None in records of before.
    """

    folder: Path
    id: str
    kind: str
    arguments: tuple[str, ...]
    created: float
    owner: str = ""
    starter: ProcessRecord | None = None

    @property
    def study(self) -> Path:
        """Folder of its study, wherever that lies now."""
        return self.folder.parent.parent

    @property
    def command_line(self) -> list[str]:
        """Its arguments with the study's folder in them, as a process takes them."""
        return placed(self.arguments, self.study)

    def names(self, path: str | Path) -> bool:
        """Whether ``path``, a file of the study, is one of its arguments."""
        return portable([str(path)], self.study)[0] in self.arguments

    @property
    def number(self) -> int:
        """Its place in the study's queue."""
        return job_folder(self.folder)

    @property
    def process(self) -> ProcessRecord | None:
        """The process that works on it, or waits to; None before it is known."""
        return _read(ProcessRecord, self.folder / TURN) or _read(
            ProcessRecord, self.folder / SPAWNED
        )

    def state(self) -> State:
        """Return the state alone, cheaper than a snapshot."""
        end = _read(EndRecord, self.folder / END)
        if end is not None:
            return end.state
        turn = _read(ProcessRecord, self.folder / TURN)
        process = turn or _read(ProcessRecord, self.folder / SPAWNED)
        known = process or self.starter
        if known is not None and whereabouts(known) == "elsewhere":
            return UNKNOWN
        if process is None and self._begins():
            return "waiting"
        if process is not None and alive(process):
            return "running" if turn else "waiting"
        # The worker may have ended between the two looks.
        end = _read(EndRecord, self.folder / END)
        if end is not None:
            return end.state
        return "cancelled" if (self.folder / CANCEL).exists() else "died"

    def snapshot(self) -> Snapshot:
        """Return how the job stands now, read from its files."""
        state = self.state()
        track = read_track(self.folder / PROGRESS)
        turn = _read(ProcessRecord, self.folder / TURN)
        end = _read(EndRecord, self.folder / END)
        paused = state in ACTIVE and (self.folder / PAUSE).exists()
        return Snapshot(
            state=state,
            done=track.done,
            total=track.total,
            seconds=_seconds(turn, end, track, state in ACTIVE) if turn is not None else 0.0,
            remaining=_remaining(track) if state == "running" and not paused else None,
            message=track.message or ("starting" if state in ACTIVE else ""),
            error=self._error(state, turn is not None, end),
            values=track.values,
            stopping=state in (*ACTIVE, UNKNOWN) and (self.folder / CANCEL).exists(),
            paused=paused,
            figures=track.figures,
        )

    def cancel(self) -> None:
        """Ask the job to stop; it keeps what it finished. An ended job takes no notice.

        ``prunescope.jobs.cancel`` asks too, and does not leave it at that.

        Raises:
            StorageFailure: The folder cannot be written.
        """
        require_writable(self.id)
        if self.state() in (*ACTIVE, UNKNOWN):
            with storage(self.folder / CANCEL):
                (self.folder / CANCEL).touch()

    def pause(self) -> None:
        """Ask the job to hold its work between two steps; ``resume`` lets it go on.

        Raises:
            StorageFailure: The folder cannot be written.
        """
        require_writable(self.id)
        with storage(self.folder / PAUSE):
            (self.folder / PAUSE).touch()

    def resume(self) -> None:
        """Let a paused job go on; one that is not paused takes no notice."""
        require_writable(self.id)
        with storage(self.folder / PAUSE):
            (self.folder / PAUSE).unlink(missing_ok=True)

    def log(self, lines: int = 40) -> str:
        """Return the last ``lines`` of what the process printed."""
        try:
            text = (self.folder / LOG).read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _begins(self) -> bool:
        """Whether a process may still take the job on, as long as none is known."""
        if self.starter is None or self.starter.clock is None:
            return time.time() - self.created < _SPAWNING
        if whereabouts(self.starter) == "gone":
            return False
        return time.monotonic() - self.starter.clock < _SPAWNING

    def _error(self, state: State, began: bool, end: EndRecord | None) -> str | None:
        if state == UNKNOWN:
            known = self.process or self.starter
            assert known is not None
            away = known.host and known.host != this_machine().host
            place = f"on {known.host}" if away else "in another container or start of the machine"
            return _ELSEWHERE.format(place=place)
        if state != "died":
            return end.error if end is not None else None
        if began:
            return _DIED
        said = [line.strip(_FRAME) for line in self.log().splitlines()]
        last = next((line for line in reversed(said) if any(map(str.isalnum, line))), "nothing")
        return (
            f"Expected the job to begin, but its process ended before that and said: "
            f"{last.rstrip('.')}. Read {LOG} in {self.folder}, and start it again."
        )


def jobs(study: Path) -> tuple[Job, ...]:
    """Return the jobs of the study in folder ``study``, newest first."""
    found = []
    for folder in folders(study):
        job = open_job(folder)
        if job is not None:
            found.append(job)
    return tuple(reversed(found))


def open_job(folder: Path) -> Job | None:
    """Return the job in ``folder``, or None when its ``job.json`` is missing or damaged."""
    record = recorded(folder)
    if record is None:
        return None
    return Job(folder, folder.name, record.arguments[0], record.arguments, record.created,
               record.owner, record.starter)  # fmt: skip


def recorded(folder: Path) -> JobRecord | None:
    """Return what the job in ``folder`` was asked, without its study's place, or None."""
    record = _read(JobRecord, folder / JOB)
    return without_place(record) if record is not None and record.arguments else None


def folders(study: Path) -> list[Path]:
    """Return the job folders of ``study`` in the order of the queue."""
    found = [path for path in (study / FOLDER).glob("*-*") if _NAME.fullmatch(path.name)]
    return sorted(found, key=job_folder)


def job_folder(folder: Path) -> int:
    """Return a job folder's number."""
    return int(folder.name.partition("-")[0])


def _read(kind: type[Record], path: Path) -> Record | None:
    if not path.exists():
        return None
    try:
        return read_document(kind, path)
    except DamagedFile:
        return None


def _seconds(turn: ProcessRecord, end: EndRecord | None, track: Track, active: bool) -> float:
    """How long a job has worked: on one clock that nobody sets, for records that hold it."""
    clocked = turn.clock is not None
    began = turn.since if turn.clock is None else turn.clock
    ended = (end.clock if clocked else end.ended) if end is not None else None
    latest = track.latest if track.clocked == clocked else None
    if active:
        ended = _now(clocked)
    elif ended is None:
        ended = latest
    return 0.0 if ended is None else max(ended - began, 0.0)


def _remaining(track: Track) -> float | None:
    """The phase's work so far took as long on average as the rest will.

    Work is the processor time of what forecasts it, else multiply-accumulates, else steps.
    """
    figures = track.figures
    if figures.get("processor_expected"):
        done, total = figures["processor_seconds"], figures["processor_expected"]
    else:
        done = figures.get("macs") or track.done
        total = figures.get("macs_expected") or track.total
    if track.began is None or track.latest is None or done <= 0 or total <= 0:
        return None
    left = max(total - done, 0)
    now = _now(track.clocked)
    expected = (track.latest - track.began) / done * left - (now - track.latest)
    return max(expected, 0.0)


def _now(clocked: bool) -> float:
    return time.monotonic() if clocked else time.time()
