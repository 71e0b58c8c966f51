"""How much of a pruned network's accuracy comes back: closed form, label-free steps, tuning.

    python -m benchmarks.won_back --cache FOLDER [--quiet-minutes 5] [--minutes 100] [--only TEXT]
    python -m benchmarks.won_back --cache FOLDER --minutes 0     # print what is there

Whole plans at a half and a quarter of the multiply-accumulates (greedy units, the best of six
measured plans, as in the peers' table), judged on the 10,000 test images, paired with the dense
network: after ``refit`` (no labels, no training), after ``distil`` (300 steps without labels), and
after tuning from ``refit`` on the 8,000 calibration images, mirrored and moved at random, beside
the dense network. ``mlp`` is tuned with 95 % zeros, in five rounds. Rows are kept in the cache, one
file each, and a tuning that was stopped goes on; the curves are those of ``benchmarks.peers``.

Five minutes are those of a quiet machine of two cores: some steps are timed on two threads, the
quickest of them counts, and the row trains as many steps as 300 seconds hold, the rate's 48 and
the validations between epochs included, on one thread however long that takes.
"""

import argparse
import copy
import json
import re
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.peers.ours import Recipe, plan_within, recovered_cell
from benchmarks.peers.subject import IMAGES, Subject, subject
from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import select
from prunescope.capture.network import forward
from prunescope.criteria.scores import Scores
from prunescope.progress import Silent
from prunescope.recovery.training.finetune import FineTuning, LiveData, finetune
from prunescope.recovery.training.range_test import STEPS as RATE_STEPS
from prunescope.recovery.training.student import make_student
from prunescope.sample_models.train_images import augment
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

MINUTES: Final = 100.0
QUIET_MINUTES: Final = 5.0
CURVES: Final = Recipe("solved, greedy units", "obs", "ls")
ZEROS: Final = (0.965, 0.85, 0.5)
"""Of the layers of ``mlp``: 95 % of all its weights."""
_EPOCHS: Final = 20
_ROUNDS: Final = 5
_BATCH: Final = 128
_TIMED: Final = 40
_SHIFT: Final = 2

REACH: Final = {
    ("refit", 0.5): 0.3, ("refit", 0.25): 1.5, ("distil", 0.5): 0.1, ("distil", 0.25): 0.7,
    ("tuned", 0.5): 0.0, ("tuned", 0.25): 0.5, ("tuned", 0.05): 1.0,
}  # fmt: skip
"""Points that may be lost, by way and share that stays; nobody asked for lenet5's."""


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        network: A sample model.
        share: Of the multiply-accumulates that may stay; of ``mlp``'s weights.
        way: ``refit``, ``distil`` or ``tuned``.
    """

    network: str
    share: float
    way: str

    @property
    def words(self) -> str:
        """What the row is called."""
        cut = "zeros 95 %" if self.network == "mlp" else f"MACs {100 * self.share:g} %"
        return f"{self.network} {cut} {self.way}"

    @property
    def reach(self) -> float | None:
        """Points that may be lost."""
        return None if self.network == "lenet5" else REACH[self.way, self.share]


@dataclass(frozen=True)
class Row:
    """What a case lost.

    Attributes:
        case: Which.
        lost: Points of the test split.
        low: Lower end of its 95 % interval.
        high: Upper end.
        left: Share of the multiply-accumulates, or weights, that stayed.
        seconds: The processor's, of the recovery or the tuning, on one thread.
        note: How it was trained.
    """

    case: Case
    lost: float
    low: float
    high: float
    left: float
    seconds: float
    note: str = ""

    def verdict(self) -> str:
        """Whether the reach is met, or by how much it is missed."""
        if self.case.reach is None:
            return "none set"
        over = round(self.lost - self.case.reach, 2)
        return "met" if over <= 0 else f"missed by {over:.2f}"


_DEEP: Final = ("resnet20", "mobilenet", "vit")
CASES: Final = (
    *(Case(n, s, way) for n in (*_DEEP, "lenet5") for s in (0.25, 0.5)
      for way in ("refit", "distil")),
    Case("mlp", 0.05, "tuned"),
    *(Case(name, share, "tuned") for share in (0.25, 0.5) for name in (*_DEEP, "lenet5")),
)  # fmt: skip
"""In the order of measuring: a run that is stopped has the ones that say most."""


def main() -> None:
    """Measure what the cache lacks within the time, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cache", type=Path, default=Path("studies/peers"))
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    parser.add_argument("--quiet-minutes", type=float, default=QUIET_MINUTES, help="of tuning")
    parser.add_argument("--only", action="append", metavar="TEXT", help="rows that hold it")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * asked.minutes
    known: dict[str, Subject] = {}
    rows: dict[Case, Row] = {}
    for case in CASES:
        file = asked.cache / "won_back" / (re.sub(r"\W+", "-", case.words) + ".json")
        wanted = not asked.only or any(text in case.words for text in asked.only)
        if not file.exists() and wanted and time.monotonic() < end:
            if case.network not in known:
                known[case.network] = subject(case.network, asked.cache, IMAGES["test"])
            row = measured(known[case.network], case, asked.cache, asked.quiet_minutes)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(asdict(row), indent=1))
            print(_line(case, row), flush=True)
        if file.exists():
            raw = json.loads(file.read_text())
            rows[case] = Row(Case(**raw.pop("case")), **raw)
    print(markdown(rows))


def markdown(rows: dict[Case, Row]) -> str:
    """Return the table of all cases; those without a row are said not to have been run."""
    head = ("network", "stays", "way", "points lost (95 %)", "reach", "", "seconds", "")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(_line(case, rows.get(case)) for case in CASES)])


def measured(pruned: Subject, case: Case, cache: Path, quiet_minutes: float) -> Row:
    """Return the row of ``case``."""
    if case.network == "mlp":
        study, plan = _zeros(pruned, cache)
    else:
        solution = plan_within(pruned, CURVES, case.share, cache)
        study, plan = solution.study, solution.plan
    if case.way == "tuned":
        return _tuned(pruned, case, study, replace(plan, recovery="refit"), quiet_minutes)
    cell = recovered_cell(pruned, plan, case.way)
    lost = cell.lost
    return Row(case, 100 * lost.mean, 100 * lost.low, 100 * lost.high, cell.share, cell.seconds)


def _zeros(pruned: Subject, cache: Path) -> tuple[StudyFolder, Plan]:
    manifest = pruned.bench.manifest
    names = [layer.name for layer in manifest.prunable()]
    choices = {name: Choice("magnitude", zeros) for name, zeros in zip(names, ZEROS, strict=True)}
    plan = Plan("zeros", manifest.fingerprint, choices)
    return StudyFolder.create(cache / f"{pruned.name}-zeros", manifest), plan


def _tuned(
    pruned: Subject, case: Case, study: StudyFolder, plan: Plan, quiet_minutes: float
) -> Row:
    bench, zeros = pruned.bench, case.network == "mlp"
    rounds = _ROUNDS if zeros else 1
    epochs = _EPOCHS * rounds
    steps = _steps(pruned, study, plan, 60 * quiet_minutes, epochs)
    settings = FineTuning(
        epochs=epochs, epoch_steps=max((steps - rounds * RATE_STEPS) // epochs, 1), batch=_BATCH,
        optimizer="adamw" if case.network == "vit" else "sgd", rounds=rounds, augment="live:moved",
    )  # fmt: skip
    begun = time.process_time()
    result = finetune(
        bench, study, plan, settings, Silent(), test=True, live=LiveData(augment=_moved)
    )
    assert result.test is not None
    drop, seconds = result.test.after.drop, time.process_time() - begun
    note = (
        f"{steps} steps of {_BATCH}, {settings.optimizer}"
        f"{f', {rounds} rounds' if rounds > 1 else ''}, best epoch {result.best_epoch} of "
        f"{result.settings.epochs}"
    )
    if zeros:
        weights = sum(layer.parameters for layer in bench.manifest.prunable())
        left = 1 - result.removed / weights
    else:
        left = recovered_cell(pruned, plan, "none").share
    return Row(case, 100 * drop.mean, 100 * drop.low, 100 * drop.high, left, round(seconds), note)


def _moved(images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mirrored and moved by up to two pixels, as the sample models were trained."""
    return augment(images, _SHIFT), targets


def _steps(pruned: Subject, study: StudyFolder, plan: Plan, seconds: float, epochs: int) -> int:
    """How many steps of tuning ``seconds`` of a quiet machine hold; measured once."""
    file = study.folder / f"quiet-{plan.digest}.json"
    if not file.exists():
        file.write_text(json.dumps(_quiet_times(pruned, plan)))
    step, judging = json.loads(file.read_text())
    return max(int((seconds - epochs * judging) / step), epochs)


def _quiet_times(pruned: Subject, plan: Plan) -> tuple[float, float]:
    """Seconds of the quickest of some steps, and of one validation, on two threads."""
    bench = pruned.bench
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    student = copy.deepcopy(make_student(bench, "none", select(plan, scores)))
    chunk = bench.splits.calibration.chunk(0, _BATCH)
    inputs: Any = chunk.inputs
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-9, momentum=0.9)
    torch.set_num_threads(2)
    try:
        times = [_step_seconds(student, bench.network.module, optimizer, inputs)
                 for _ in range(_TIMED)]  # fmt: skip
        begun = time.perf_counter()
        evaluate(student, bench.splits.validation, bench.metric, bench.batch)
        return min(times), time.perf_counter() - begun
    finally:
        torch.set_num_threads(1)


def _step_seconds(
    student: nn.Module, dense: nn.Module, optimizer: torch.optim.Optimizer, inputs: Any
) -> float:
    """One step with the dense network beside it, augmented, on the clock."""
    begun = time.perf_counter()
    images = augment(inputs, _SHIFT)
    with torch.no_grad():
        taught: Any = forward(dense, images)
    own: Any = forward(student, images)
    loss = functional.mse_loss(own, taught)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return time.perf_counter() - begun


def _line(case: Case, row: Row | None) -> str:
    cut = f"{100 * case.share:g} % of the {'weights' if case.network == 'mlp' else 'MACs'}"
    reach = "" if case.reach is None else f"{case.reach:g}"
    if row is None:
        return f"| {case.network} | {cut} | {case.way} | not run | {reach} | | | |"
    lost = f"{row.lost:.2f} ({row.low:.2f} to {row.high:.2f})"
    return (
        f"| {case.network} | {cut} | {case.way} | {lost} | {reach} | {row.verdict()} | "
        f"{row.seconds:.0f} | {row.note} |"
    )


if __name__ == "__main__":
    main()
