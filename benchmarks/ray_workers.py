"""Ray's workers: two against one, and twenty killed at random: what is lost, what is repeated.

Every run is the command itself, in processes of its own, on a store in a folder. A worker is killed
by SIGKILL at a random moment: most of them while they measure, some while they load. The merged
file has to be the one that a sweep makes alone, to the byte.

``python -m benchmarks.ray_workers [--kills 20] [--no-speed]``. The ratio needs two idle cores; on
a machine with other work it is left out and says so. What the machine itself can do stands beside
it: the same sweep alone, and twice at once without Ray. Cores that share what they compute with are
less than two.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import psutil

from prunescope.store.folder import StudyFolder
from prunescope.study.point import KEY
from prunescope.text.numbers import counted

ASKED: Final = (
    "sample:lenet5", "--methods", "magnitude,random", "--sparsities", "0.1:0.9:0.1",
    "--threads", "1", "--no-screen",
)  # fmt: skip
LONGER: Final = (
    "sample:resnet20", "--methods", "magnitude", "--sparsities", "0.1:0.9:0.1",
    "--threads", "1", "--no-screen",
)  # fmt: skip
"""What the ratio is taken of: minutes, so that what every sweep pays once counts little."""
_IDLE: Final = 0.5
"""Load of the machine up to which a ratio is worth printing."""
_LOADING: Final = 0.2
"""Chance to be killed in ten seconds of loading, at twenty looks a second."""
_LONGEST: Final = 15.0
"""Seconds after which a worker that measures is killed at the latest."""


def sweep(
    folder: Path, cache: Path, *more: str, asked: Sequence[str] = ASKED
) -> "subprocess.Popen[str]":
    """Start a sweep into the study ``folder``."""
    line = [sys.executable, "-W", "ignore", "-m", "prunescope.cli", "sweep", *asked]
    return subprocess.Popen(
        [*line, "--study", str(folder), *more], text=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(cache)},
    )  # fmt: skip


def finished(running: "subprocess.Popen[str]") -> None:
    """Wait for a sweep to end well."""
    _, told = running.communicate()
    if running.returncode:
        raise SystemExit(f"Expected a sweep to end, but it said: {told}")


@dataclass
class Victims:
    """The workers of a driver, and who of them was killed."""

    driver: psutil.Process
    dice: random.Random
    killed: int = 0
    measuring: int = 0

    def __post_init__(self) -> None:
        self._fates: dict[int, float] = {}

    def kill_one(self) -> None:
        """Kill a worker whose time has come."""
        for worker in self._workers():
            ready = any(_temporary().glob(f"prunescope-worker-{worker.pid}-*/study/measurements"))
            if worker.pid not in self._fates and (ready or self.dice.random() < _LOADING / 200):
                delay = self.dice.uniform(0, _LONGEST) if ready else 0.0
                self._fates[worker.pid] = time.monotonic() + delay
            if time.monotonic() >= self._fates.get(worker.pid, float("inf")):
                try:
                    worker.kill()
                except psutil.Error:
                    continue
                self.killed, self.measuring = self.killed + 1, self.measuring + ready
                return

    def _workers(self) -> list[psutil.Process]:
        try:
            children = self.driver.children(recursive=True)
        except psutil.Error:
            return []
        return [child for child in children if "PartWorker" in _line(child)]


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _temporary() -> Path:
    return Path(tempfile.gettempdir())


def sent_again(store: Path) -> tuple[int, int]:
    """Return rows in the parts of ``store``, and those that another part has as well."""
    parts = [pd.read_parquet(path) for path in (store / "measurements").glob("*.parquet")]
    rows = pd.concat(parts)
    return len(rows), int(rows.duplicated([*KEY, "samples"]).sum())


def same_files(first: Path, second: Path) -> bool:
    """Return whether two folders hold the same names and bytes."""
    contents = [
        {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
        for folder in (first, second)
    ]
    return contents[0] == contents[1]


def kills(place: Path, alone: Path, wanted: int) -> None:
    """Kill ``wanted`` workers, in as many sweeps as that takes, and print what became of each."""
    dice, total, number = random.Random(0), 0, 0
    known = set(StudyFolder.open(alone).measured()[list(KEY)].itertuples(index=False, name=None))
    heads = ("run", "killed", "measuring", "lost", "repeated", "sent again", "same file")
    print("  ".join(heads))
    while total < wanted:
        number += 1
        folder, store = place / f"killed{number}", place / f"store{number}"
        running = sweep(
            folder, place / "cache", "--store", f"file://{store}", "--ray", "local", "--workers",
            "2",
        )  # fmt: skip
        victims = Victims(psutil.Process(running.pid), dice)
        while running.poll() is None:
            if total + victims.killed < wanted:
                victims.kill_one()
            time.sleep(0.05)
        finished(running)
        total += victims.killed
        rows = StudyFolder.open(folder).measured()[list(KEY)]
        lost = len(known - set(rows.itertuples(index=False, name=None)))
        repeated = int(rows.duplicated().sum())
        sent, again = sent_again(store)
        same = same_files(alone / "measurements", folder / "measurements")
        values = (
            number, victims.killed, victims.measuring, lost, repeated, f"{again} of {sent}",
            "yes" if same else "NO",
        )  # fmt: skip
        cells = (f"{value!s:>{len(head)}}" for value, head in zip(values, heads, strict=True))
        print("  ".join(cells), flush=True)


def seconds(place: Path, workers: int) -> float:
    """Return how long ``workers`` take, from the first measurement to the end of the command."""
    store = place / f"speed{workers}"
    running = sweep(
        place / f"s{workers}", place / "cache", "--store", f"file://{store}", "--ray", "local",
        "--workers", str(workers), asked=LONGER,
    )  # fmt: skip
    return _measuring(
        [running], lambda: any(_temporary().glob("prunescope-worker-*/study/measurements"))
    )


def without_ray(place: Path, sweeps: int) -> float:
    """Return how long as many equal sweeps at once take, each alone, measured likewise."""
    studies = [place / f"alone{number}of{sweeps}" for number in range(sweeps)]
    running = [sweep(study, place / "cache", asked=LONGER) for study in studies]
    return _measuring(running, lambda: any((study / "measurements").is_dir() for study in studies))


def _measuring(running: "Sequence[subprocess.Popen[str]]", begun: Callable[[], bool]) -> float:
    began: float | None = None
    while any(one.poll() is None for one in running):
        if began is None and begun():
            began = time.monotonic()
        time.sleep(0.05)
    for one in running:
        finished(one)
    assert began is not None
    return time.monotonic() - began


def main() -> None:
    """Print what twenty kills cost, and the ratio of one worker to two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--speed", action=argparse.BooleanOptionalAction, default=True)
    asked = parser.parse_args()
    try:
        import ray
    except ImportError:
        print("Not run: Ray is not installed (pip install 'prunescope[ray]').")
        return
    load = psutil.getloadavg()[0]
    print(f"Ray {ray.__version__}, {counted(os.cpu_count() or 1, 'core')}, load {load:.2g}")
    with tempfile.TemporaryDirectory(prefix="ray-workers-") as made:
        place = Path(made)
        if asked.kills:
            finished(sweep(place / "alone", place / "cache"))
            count = len(StudyFolder.open(place / "alone").measured())
            print(f"{counted(count, 'point')}, each on 6,000 samples, alone and on two workers")
            kills(place, place / "alone", asked.kills)
        if not asked.speed or load > _IDLE or (os.cpu_count() or 1) < 2:
            print(f"Ratio of one worker to two: not measured (load {load:.2g}).")
            return
        one, two = seconds(place, 1), seconds(place, 2)
        print(f"One worker {one:.3g} s, two {two:.3g} s: {one / two:.3g} times as fast.")
        alone, both = without_ray(place, 1), without_ray(place, 2)
        print(
            f"Without Ray one such sweep {alone:.3g} s, two at once {both:.3g} s: this machine "
            f"does {2 * alone / both:.3g} times as much with both cores."
        )


if __name__ == "__main__":
    main()
