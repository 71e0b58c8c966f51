"""A running sweep killed with -9 at random moments until it is done: nothing lost or repeated.

    python -m benchmarks.kills                 # 100 kills of sweeps of sample:mlp by replay
    python -m benchmarks.kills --engine naive

Every life of the sweep is a process of its own, with replay's two lanes, forked once the model is
open: opening it writes nothing, and takes longer than most lives. The sweep leaves a line in a log
for every point and chunk once its row is on the disk. After each kill the rows on the disk must be
at least those of the log; at the end no line may stand twice, and the study's files must be those
of a sweep that nobody killed.
"""

import argparse
import itertools
import json
import multiprocessing
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from prunescope.bench.workbench import Workbench, prepare
from prunescope.progress import Silent
from prunescope.replay import ENGINES, FrontierEngine
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import Table
from prunescope.study import Grid, Method, Reference, parse_sparsities
from prunescope.study.point import KEY
from prunescope.sweep.runner import sweep

GRID: Final = Grid(
    (Method("magnitude"), Method("random"), Method("l1", "channel")),
    parse_sparsities("0.1:0.9:0.1"), seeds=(0, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Survival:
    """What the kills did.

    Attributes:
        kills: How often the sweep was killed while it worked.
        pieces: Rows that were written, one for each point and chunk.
        repeated: Of those, written more than once.
        lost: Written before a kill and not there after it.
        same: Whether the files are those of a sweep that nobody killed.
    """

    kills: int
    pieces: int
    repeated: int
    lost: int
    same: bool


def main() -> None:
    """Print one row for each sweep, until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    given = parser.parse_args()
    torch.set_num_threads(1)
    bench = prepare(Reference("sample:mlp", "sample:fashion-mnist"))
    print("sweep", "kills", "pieces", "repeated", "lost", "same files", sep=" | ", flush=True)
    left = given.kills
    for turn in itertools.count():
        with tempfile.TemporaryDirectory() as folder:
            found = survive(bench, GRID, Path(folder), left, given.seed + turn, engine=given.engine)
        row = (found.kills, found.pieces, found.repeated, found.lost, found.same)
        print(turn + 1, *row, sep=" | ", flush=True)
        left -= found.kills
        if left <= 0:
            return


def survive(
    bench: Workbench,
    grid: Grid,
    folder: Path,
    kills: int,
    seed: int = 0,
    longest: float = 1.0,
    engine: str = ENGINES[0],
) -> Survival:
    """Sweep in ``folder``, killing ``kills`` times, and compare with a sweep left alone.

    Args:
        bench: Whose criteria need no gradients: a forked process has none.
        grid: What is swept.
        folder: Empty.
        kills: At most so many; a sweep that ends sooner is not killed again.
        seed: Of the moments.
        longest: Seconds that a sweep lives before it is killed, at most.
        engine: What evaluates the points.
    """
    moments, forked = random.Random(seed), multiprocessing.get_context("fork")
    study, log = folder / "killed", folder / "pieces"
    done = lost = 0
    while True:
        worker = forked.Process(target=_work, args=(bench, grid, engine, study, log))
        worker.start()
        if done < kills:
            worker.join(longest * moments.random())
            if worker.is_alive():
                worker.kill()
                done += 1
        worker.join()
        lost += _lost(study, log)
        if worker.exitcode == 0:
            break
        if worker.exitcode != -9:
            raise SystemExit(f"Expected the sweep to end or be killed, but got {worker.exitcode}.")
    pieces = [tuple(line) for line in _lines(log)]
    _work(bench, grid, engine, folder / "plain", folder / "plain.pieces")
    same = _files(study) == _files(folder / "plain")
    return Survival(done, len(pieces), len(pieces) - len(set(pieces)), lost, same)


def _work(bench: Workbench, grid: Grid, engine: str, folder: Path, log: Path) -> None:
    """Sweep, and leave a line for every piece once it is written."""
    torch.set_num_threads(1)
    plain = Table.append

    def logged(self: Table, rows: list[Any]) -> None:
        plain(self, rows)
        kept = [row for row in rows if isinstance(row, Measurement)]
        with log.open("a") as file:
            file.write("".join(json.dumps([*map(str, r.key), r.samples]) + "\n" for r in kept))

    Table.append = logged  # type: ignore[method-assign, assignment]
    try:
        replayed = FrontierEngine(bench, lanes=2) if engine == "frontier" else NaiveEngine(bench)
        sweep(bench, StudyFolder.create(folder, bench.manifest), grid, Silent(), replayed)
    finally:
        Table.append = plain  # type: ignore[method-assign]


def _lost(folder: Path, log: Path) -> int:
    """Pieces of the log that the study's rows do not hold."""
    if not (folder / "study.json").exists():
        return 0
    frame = StudyFolder.open(folder).measured()
    keys = frame[list(KEY)].itertuples(index=False, name=None)
    known = {tuple(map(str, key)): n for key, n in zip(keys, frame["samples"], strict=True)}
    return sum(known.get(tuple(map(str, key)), 0) < int(n) for *key, n in _lines(log))


def _lines(log: Path) -> Iterator[list[str | int]]:
    if log.exists():
        for line in log.read_text().split("\n")[:-1]:
            yield json.loads(line)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".tmp")
    }


if __name__ == "__main__":
    main()
