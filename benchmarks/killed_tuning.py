"""kill -9 in the middle of a fine-tuning, again and again: what is lost each time.

    python -m benchmarks.killed_tuning [--kills 20] [--model mlp] [--long 1]

A process of its own fine-tunes half of a sample model and writes down every reading with its time.
It is killed once it is past a random step, begun again, and so on; then it runs to its end. Lost is
what came between the last state on disk and the kill: in seconds by the clock, and in steps. The
weights at the end are compared with those of a run that nobody killed. ``--long`` kills after 75
seconds of one endless epoch, where only the state of every minute is there. Reach: at most a minute
lost by every kill, and the same weights bit for bit.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from safetensors import safe_open

import prunescope as ps
from prunescope.progress import Silent
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.fine_tuning_report import read_result, result_folder
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan

PLAN: Final = "half"
_CHILD: Final = """
import sys, time, prunescope as ps
from prunescope.progress import Silent
from prunescope.recovery.training.fine_tuning_settings import FineTuning
study, ledger, epochs, steps = sys.argv[1:]
class Ledger(Silent):
    def advance(self, done=1, message="", **values):
        if "step" in values:
            with open(ledger, "a") as file:
                print(time.time(), int(values["step"]), file=file, flush=True)
settings = FineTuning(int(epochs), 0.01, epoch_steps=int(steps) or None)
ps.open(study).finetune("half", settings=settings, progress=Ledger())
"""


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        at: Last step that was written down before it.
        state: Step of the state on disk, from which the next life goes on.
        seconds: Of training between that state and the kill.
    """

    at: int
    state: int
    seconds: float


class Tuning:
    """A fine-tuning in processes of its own, in a study that has a plan ``half``."""

    def __init__(self, study: Path, plan: Plan, epochs: int, epoch_steps: int = 0) -> None:
        """Begin with nothing trained."""
        self._study, self._ledger = study, study.parent / f"{study.name}.ledger"
        self._folder = result_folder(study, plan)
        self._words = [
            sys.executable, "-c", _CHILD, str(study), str(self._ledger), str(epochs),
            str(epoch_steps),
        ]  # fmt: skip

    def killed(self, past: int, seconds: float = 0.0) -> Kill:
        """Train until a reading is past the step ``past`` and ``seconds`` old, then kill -9."""
        begun = time.time()
        process = subprocess.Popen(self._words)
        lines: list[tuple[float, int]] = []
        while not (
            lines and lines[-1][1] > past and time.time() - lines[0][0] >= seconds
        ):  # fmt: skip
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.005)
            lines = [line for line in self._lines() if line[0] >= begun]
        process.kill()
        over = time.time()
        process.wait()
        path = self._folder / CHECKPOINT
        written = path.stat().st_mtime if path.is_file() else 0.0
        lines = [line for line in self._lines() if line[0] >= begun]
        return Kill(lines[-1][1], self._state(), over - max(written, lines[0][0]))

    def finished(self) -> str:
        """Train to the end; the hash of the weights."""
        subprocess.run(self._words, check=True)
        return read_result(self._folder).weights_hash

    def _lines(self) -> list[tuple[float, int]]:
        if not self._ledger.is_file():
            return []
        whole = self._ledger.read_text().rpartition("\n")[0]
        return [(float(t), int(step)) for t, step in map(str.split, whole.splitlines())]

    def _state(self) -> int:
        path = self._folder / CHECKPOINT
        if not path.is_file():
            return 0
        with safe_open(path, "pt") as file:
            return int(json.loads(file.metadata()["checkpoint"])["reached"]["step"])


def made(folder: Path, model: str, data: str | None = None) -> Plan:
    """Make a study of ``model`` in ``folder`` with a plan that halves every layer; return it."""
    study = ps.sweep(model, data, folder=folder, sparsities=(0.5,), progress=Silent())
    names = [layer.name for layer in study.manifest.prunable()]
    plan = study.plan(dict.fromkeys(names, ("magnitude", 0.5)), name=PLAN)
    StudyFolder.open(folder).save_plan(plan)
    return plan


def main() -> None:
    """Kill, go on, compare, and print one row for each kill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--long", type=int, default=1)
    asked = parser.parse_args()
    table = Table("kill", "step", "state at step", "steps lost", "seconds lost")
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as place:
        plan = made(Path(place) / "plain", f"sample:{asked.model}")
        wanted = Tuning(Path(place) / "plain", plan, asked.epochs).finished()
        total = read_result(result_folder(Path(place) / "plain", plan)).curve[-1].step
        made(Path(place) / "killed", f"sample:{asked.model}")
        tuning = Tuning(Path(place) / "killed", plan, asked.epochs)
        kills = []
        for number in range(asked.kills):
            kills.append(tuning.killed(int(total * (number + draw.random()) / (asked.kills + 1))))
            table.add_row(str(number + 1), *_cells(kills[-1]))
        same = tuning.finished() == wanted
        for number in range(asked.long):
            made(Path(place) / f"long{number}", f"sample:{asked.model}")
            endless = Tuning(Path(place) / f"long{number}", plan, 1, 10_000_000)
            kills.append(endless.killed(0, 75))
            table.add_row(f"one endless epoch {number + 1}", *_cells(kills[-1]))
    console = Console(width=100)
    console.print(table)
    worst = max(kill.seconds for kill in kills)
    weights = "the same weights bit for bit" if same else "OTHER weights"
    console.print(
        f"{len(kills)} kills: at most {worst:.1f} s lost; {weights} as a run that nobody killed."
    )
    sys.exit(0 if same and worst <= 61 else 1)


def _cells(kill: Kill) -> tuple[str, ...]:
    lost = str(max(kill.at - kill.state, 0))
    return str(kill.at), str(kill.state), lost, f"{kill.seconds:.1f}"


if __name__ == "__main__":
    main()
