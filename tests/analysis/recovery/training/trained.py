"""What tests of fine-tuning tell it and compare."""

import copy

import torch
from torch import Tensor

from prunescope.bench.evaluate import compare, evaluate
from prunescope.bench.pruned import plan_masks
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.progress import Silent
from prunescope.recovery.training.fine_tuning_report import (
    EvaluationSums,
)
from prunescope.sources.weights import pour
from prunescope.study.plan import Plan


class Spy(Silent):
    """Notes what it is told, and cancels before step ``cancel_at``."""

    def __init__(self, cancel_at: int | None = None, interrupt: bool = False) -> None:
        self.cancel_at, self.interrupt = cancel_at, interrupt
        self.total = self.done = self.asked = 0
        self.values: list[dict[str, float]] = []
        self.messages: list[str] = []

    def start(self, total: int, message: str) -> None:
        self.total = total

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.done += steps
        self.messages.append(message)
        if values:
            self.values.append(values)

    def cancelled(self) -> bool:
        self.asked += 1
        stop = self.cancel_at is not None and self.asked > self.cancel_at
        if stop and self.interrupt:
            raise KeyboardInterrupt
        return stop


def state(bench: Workbench) -> dict[str, Tensor]:
    return {name: t.clone() for name, t in bench.network.module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def masks(bench: Workbench, plan: Plan) -> dict[str, Tensor]:
    return plan_masks(plan, Scores(bench.network, bench.splits.calibration))


def measured(bench: Workbench, weights: dict[str, Tensor], split: str) -> EvaluationSums:
    """A fresh evaluation of saved weights, not by way of finetune."""
    module = copy.deepcopy(bench.network.module)
    pour(module, weights, "test")
    samples = bench.splits.named(split)
    dense = evaluate(bench.network.module, samples, bench.metric, bench.batch)
    found = evaluate(module, samples, bench.metric, bench.batch)
    sums = compare(dense, found, samples.targets, bench.classes)
    return EvaluationSums(
        sums.samples, sums.score_sum, sums.drop_sum, sums.drop_squares, sums.entropy_sum,
        sums.divergence_sum, sums.agreements, sums.nonfinite, sums.class_correct,
    )  # fmt: skip
