"""The request of ``finetune``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option


@dataclass(frozen=True)
class FineTune(Request):
    """Train what a plan keeps; None leaves a setting as ``FineTuning`` has it.

    Attributes:
        plan: A plan's file, or the name of a saved one.
        epochs: Passes over the calibration split.
        rate: Peak learning rate.
        batch: Samples per step.
        distillation: Weight of the dense model's outputs in the loss, 0 to 1.
        temperature: Of the distillation.
        seed: Of the order of samples and of dropout.
        test: Whether the test split is reported too.
        threads: Of the CPU; 0 lets torch choose.
    """

    command: ClassVar[str] = "finetune"

    plan: str = field(metadata=ARGUMENT)
    epochs: int | None = option("--epochs", None)
    rate: float | None = option("--rate", None)
    batch: int | None = option("--batch", None)
    distillation: float | None = option("--distillation", None)
    temperature: float | None = option("--temperature", None)
    seed: int | None = option("--seed", None)
    test: bool = option("--test", False)
    threads: int = option("--threads", 0)
