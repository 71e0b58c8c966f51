"""Jobs of every kind killed with -9 at random moments: nothing is lost, nothing done twice.

A job is a process of its own that reports to a folder of the study, as those of the dashboard are.
It leaves a line in a ledger outside of the study for every row that it has stored. After each kill
every one of these rows must be in the study, and every document of it whole; the next job goes on.
At the end no line may stand twice, and the study must hold what one holds that nobody killed.
"""

import itertools
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from prunescope.jobs.records import JOB, JobRecord
from prunescope.store.json_documents import write_document
from prunescope.study.point import KEY
from tests.faults.fork_server import Call, ForkServer
from tests.faults.kinds import Kind
from tests.faults.ledger import entries

_LONGEST: Final = 240.0
_VOLATILE: Final = ("jobs/", ".claims", "paces/")
_CLOCKED: Final = ("latency/", "verifications/", "plans/")
"""What depends on how fast a machine is: times, and what a search finds within its seconds."""
_TIMES: Final = frozenset({"seconds", "created", "threads", "load", "time", "versions", "resumed"})


@dataclass(frozen=True)
class Survival:
    """What the kills of one job did.

    Attributes:
        kind: Of the job.
        kills: How often it was killed while it worked.
        rows: That it stored, all its lives together.
        lost: Stored before a kill and not there after it, or a document that was no longer whole.
        repeated: Rows that were stored twice.
        same: Whether the study holds what one holds that nobody killed.
    """

    kind: str
    kills: int
    rows: int
    lost: int
    repeated: int
    same: bool


def survive(
    server: ForkServer, workplace: Path, kind: Kind, folder: Path, kills: int, seed: int = 0
) -> Survival:
    """Run a job of ``kind`` in a copy of the workplace, killing it up to ``kills`` times.

    Args:
        server: Forks the jobs.
        workplace: As from ``workplace.make``.
        kind: Of the job.
        folder: A new one.
        kills: A job that ends sooner is not killed again.
        seed: Of the moments, which lie anywhere in the time that the whole job takes.
    """
    plain = folder / "plain"
    shutil.copytree(workplace, plain)
    longest = _run(server, kind, plain, 0, _LONGEST)
    assert longest is not None, f"{kind.name} does not end by itself"
    moments = random.Random(f"{kind.name} {seed}")
    killed = folder / "killed"
    shutil.copytree(workplace, killed)
    done = lost = 0
    for life in itertools.count():
        seconds = _LONGEST if done >= kills else longest * moments.uniform(0.05, 0.95)
        ended = _run(server, kind, killed, life, seconds)
        lost += lost_of(killed, kind, killed / "ledger")
        if ended is not None:
            break
        done += 1
    lines = entries(killed / "ledger")
    repeated = len(lines) - len(set(lines))
    same = agree(plain, killed, kind)
    return Survival(kind.name, done, len(lines), lost, repeated, same)


def job_of(kind: Kind, folder: Path, life: int) -> tuple[str, ...]:
    """Ask for a job in the study below ``folder``; the words that work on it."""
    job = folder / kind.study / "jobs" / f"{life + 1:04d}-{kind.line[0]}"
    write_document(job / JOB, JobRecord((*kind.line,), 0.0, str(folder)))
    return (*kind.line, "--job", str(job))


def _run(server: ForkServer, kind: Kind, folder: Path, life: int, seconds: float) -> float | None:
    """Run one job for so long; how long it took, or None where it was killed."""
    words = job_of(kind, folder, life)
    ended = server.run(Call(words, str(folder), seconds, ledger=str(folder / "ledger")))
    if ended.late:
        return None
    assert ended.code == 0, (kind.name, ended)
    return ended.seconds


def lost_of(folder: Path, kind: Kind, ledger: Path) -> int:
    """Return how many rows of the ledger the study lacks, and documents of it are not whole."""
    study, broken = folder / kind.study, 0
    stored = entries(ledger)
    columns = {table: tuple(name for name, _ in key) for table, _, key in stored}
    known: dict[tuple[str, ...], int] = {}
    for table in {path.parent.name for path in study.glob("*/*.parquet")}:
        for path in (study / table).glob("*.parquet"):
            try:
                rows = pq.read_table(path).to_pylist()
            except (pa.ArrowException, OSError):
                broken += 1
                continue
            for row in rows if table in columns else ():
                key = (table, *(str(row[name]) for name in columns[table]))
                known[key] = max(known.get(key, -1), int(row.get("samples", 0)))
    for path in study.rglob("*.json"):
        try:
            json.loads(path.read_text())
        except ValueError:
            broken += 1
    missing = sum(known.get((t, *(v for _, v in key)), -1) < n for t, n, key in stored)
    return broken + missing


def agree(plain: Path, other: Path, kind: Kind) -> bool:
    """Return whether two studies hold the same; of points that a sweep settles, in what both have.

    Args:
        plain: A copy of the workplace in which a job ran without trouble.
        other: One in which it had some.
        kind: Of the job.
    """
    if not kind.settles:
        return content(plain, kind) == content(other, kind)
    rows = [_rows(place / kind.study / "measurements") for place in (plain, other)]
    shared = rows[0].keys() & rows[1].keys()
    return bool(shared) and all(rows[0][key] == rows[1][key] for key in shared)


def _rows(folder: Path) -> dict[tuple[str, ...], str]:
    """The rows of a table by their key and their number of samples."""
    rows = [row for path in folder.glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    return {tuple(str(row[name]) for name in (*KEY, "samples")): repr(row) for row in rows}


def content(folder: Path, kind: Kind) -> dict[str, object]:
    """What the study holds, by file, without what a run's clock says."""
    return dict(_contents(folder / kind.study, kind))


def _contents(study: Path, kind: Kind) -> Iterator[tuple[str, object]]:
    for path in sorted(study.rglob("*")):
        name = str(path.relative_to(study))
        if not path.is_file() or name.startswith(_VOLATILE) or _left(name):
            continue
        if path.suffix == ".json":
            timeless = _timeless(json.loads(path.read_text()))
            yield name, None if kind.clocked and name.startswith(_CLOCKED) else timeless
        elif not (kind.clocked and name.startswith(_CLOCKED)):
            yield name, path.read_bytes()


def _left(name: str) -> bool:
    """Whether a file is what a killed process was writing: hidden, and cleared away in time."""
    return name.endswith(".tmp") or "/.writing-" in name


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in _TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
