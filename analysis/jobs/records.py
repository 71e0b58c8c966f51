"""What the files of a job's folder hold."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard

State = Literal["waiting", "running", "done", "failed", "cancelled", "died", "unknown here"]
EndState = Literal["done", "failed", "cancelled"]
ACTIVE: Final[tuple[State, ...]] = ("waiting", "running")
UNKNOWN: Final = "unknown here"
"""State of a job of another machine or container: whether it lives does not show from here."""
STATES: Final[tuple[State, ...]] = (*ACTIVE, "done", "failed", "cancelled", "died", UNKNOWN)

JOB: Final = "job.json"
SPAWNED: Final = "process.json"
"""Written by whoever starts the job: the process that will work on it."""
TURN: Final = "turn.json"
"""Written by the worker when its turn has come."""
PROGRESS: Final = "progress.jsonl"
CANCEL: Final = "cancel"
HEARD: Final = "heard"
"""Written by the worker when it has heard that it is to stop, and brings its work to an end."""
PAUSE: Final = "pause"
END: Final = "end.json"
LOG: Final = "log.txt"

_MOST_BYTES: Final = 256 << 20
_LARGEST: Final = 1 << 53


@dataclass(frozen=True)
class ProcessRecord:
    """A process that a later one with the same number is not mistaken for.

    Times since the epoch are for people: clocks are set. Records of before have the first three.

    Attributes:
        pid: Its number.
        born: When the system started it, seconds since the epoch.
        since: When the record was written, seconds since the epoch.
        clock: When the record was written, on the machine's ``time.monotonic``.
        ticks: When the system started it, in ticks since the machine's start; None if untold.
        host: Name of the machine; the others as in ``prunescope.jobs.machine``.
        machine: Hash of the machine-id.
        boot: The machine's start.
        space: The process namespace.
    """

    pid: int
    born: float
    since: float
    clock: float | None = None
    ticks: int | None = None
    host: str = ""
    machine: str = ""
    boot: str = ""
    space: str = ""


@dataclass(frozen=True)
class JobRecord:
    """What a job was asked to do.

    Attributes:
        arguments: Of the command line, without ``--job``; the first one is the job's kind. The
            study's folder is written ``{study}`` in them, so a moved or copied study starts the
            job again in its new place.
        created: Seconds since the epoch.
        directory: Where relative paths among the arguments begin.
        owner: Who started it, as that person signs; empty where nobody said.
        starter: The process that started it, and when on its clock; records of before have none.
    """

    arguments: tuple[str, ...]
    created: float
    directory: str = ""
    owner: str = ""
    starter: ProcessRecord | None = None


@dataclass(frozen=True)
class EndRecord:
    """How a job ended: its state, when (seconds since the epoch), and the error's sentence.

    ``clock`` is the same moment on the machine's ``time.monotonic``.
    """

    state: EndState
    ended: float
    error: str | None = None
    clock: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """How a job stands now.

    Attributes:
        state: ``waiting`` for an earlier job, ``running``, ``done``, ``failed``, ``cancelled``,
            ``died``: its process is gone without a word, or ``unknown here``: it belongs to
            another machine or container.
        done: Steps done since the last phase began.
        total: Steps of that phase, 0 while unknown.
        seconds: Running time, waiting not counted.
        remaining: Expected seconds until the phase ends, or None while nothing is known.
        message: What it does, or did last.
        error: Why it failed or died, one sentence, else None.
        values: Named values in the order in which they were reported, such as a loss per step.
        stopping: Whether it was asked to stop and has not stopped yet.
        paused: Whether it was asked to hold its work; it goes on where it was.
        figures: Where it stands, by name, as it said last; a sweep's are those of
            ``prunescope.sweep.meter``.
    """

    state: State
    done: int
    total: int
    seconds: float
    remaining: float | None
    message: str
    error: str | None
    values: tuple[dict[str, float], ...]
    stopping: bool = False
    paused: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Track:
    """What ``progress.jsonl`` says: counts, message and figures of the last phase, all values.

    ``began`` and ``latest`` are the times of the phase's start and of the last line: on the
    machine's ``time.monotonic`` where the lines say it (``clocked``), else since the epoch.
    """

    done: int = 0
    total: int = 0
    message: str = ""
    began: float | None = None
    latest: float | None = None
    values: tuple[dict[str, float], ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    clocked: bool = False


def read_track(path: Path) -> Track:
    """Return what the complete lines of ``path`` say; a line still being written is left out.

    So is a line that is damaged: what it said is unknown, and the next ones say where it stands.
    """
    done = total = 0
    message, began, latest = "", None, None
    values: list[dict[str, float]] = []
    figures: dict[str, float] = {}
    clocked = False
    for line in _lines(path):
        clocked = "clock" in line
        latest = float(line["clock" if clocked else "time"])
        if "total" in line:
            done, total, began, figures = 0, int(line["total"]), latest, {}
        done += int(line.get("steps", 0))
        message = str(line.get("message") or message)
        if line.get("values"):
            values.append(dict(line["values"]))
        if line.get("figures"):
            figures = dict(line["figures"])
    return Track(done, total, message, began, latest, tuple(values), figures, clocked)


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return
    for line in content.split(b"\n")[:-1]:
        try:
            known = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(known, dict) and _is_line(known):
            yield known


def _is_line(line: Mapping[str, Any]) -> bool:
    """Whether a line of progress is one: a time, whole counts, and figures that are numbers."""
    times = [line.get("time"), line.get("clock", 0.0)]
    counts = [line.get(name, 0) for name in ("total", "steps")]
    named = [line.get(name) or {} for name in ("values", "figures")]
    return (
        all(_is_number(time) and math.isfinite(time) for time in times)
        and all(type(count) is int and abs(count) < _LARGEST for count in counts)
        and isinstance(line.get("message", ""), str | None)
        and all(isinstance(each, dict) and all(map(_is_number, each.values())) for each in named)
    )


def _is_number(value: Any) -> TypeGuard[float]:
    """A loss may be infinite or NaN; a whole number may not be longer than any count."""
    return type(value) is float or (type(value) is int and abs(value) < _LARGEST)
