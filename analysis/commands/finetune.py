"""The request of ``finetune``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option


@dataclass(frozen=True)
class FineTune(Request):
    """Train what a plan keeps; None leaves a setting as ``FineTuning`` has it.

    Attributes:
        plan: A plan's file, or the name of a saved one.
        epochs: Passes over the training data, of all rounds together.
        rate: Peak learning rate.
        batch: Samples per forward pass.
        distillation: Weight of the dense model's outputs in the loss, 0 to 1.
        temperature: Of the distillation.
        seed: Of the order of samples, augmentation and dropout.
        seconds: To spend, in place of epochs.
        rounds: In which the plan is reached.
        resolve: Whether each round is solved anew on the tuned network.
        train: The user's training data, ``file.py:function``.
        augment: The user's augmentation.
        epoch_steps: Steps that count as an epoch.
        optimizer: Of ``torch.optim``, by name.
        options: Of the optimizer, ``NAME=VALUE`` each.
        momentum: Of SGD.
        nesterov: Whether it looks ahead.
        decay: ``weight_decay``.
        warmup: Share of all steps.
        ema: Decay of the moving average of the weights.
        clip: Largest norm of the gradients.
        accumulate: Batches per step.
        amp: ``off``, ``bf16`` or ``fp16``.
        patience: Epochs without a better score.
        features: Weight of the dense model's values where blocks end.
        test: Whether the test split is reported too.
        threads: Of the CPU; 0 lets torch choose.
        device: That computes; ``auto`` for a GPU, if there is one.
    """

    command: ClassVar[str] = "finetune"

    plan: str = field(metadata=ARGUMENT)
    epochs: int | None = option("--epochs", None)
    rate: float | None = option("--rate", None)
    batch: int | None = option("--batch", None)
    distillation: float | None = option("--distillation", None)
    temperature: float | None = option("--temperature", None)
    seed: int | None = option("--seed", None)
    seconds: float | None = option("--seconds", None)
    rounds: int | None = option("--rounds", None)
    resolve: bool = option("--resolve", False)
    train: str | None = option("--train", None)
    augment: str | None = option("--augment", None)
    epoch_steps: int | None = option("--epoch-steps", None)
    optimizer: str | None = option("--optimizer", None)
    options: tuple[str, ...] = option("--optimizer-option", (), repeated=True)
    momentum: float | None = option("--momentum", None)
    nesterov: bool = option("--nesterov", False)
    decay: float | None = option("--decay", None)
    warmup: float | None = option("--warmup", None)
    ema: float | None = option("--ema", None)
    clip: float | None = option("--clip", None)
    accumulate: int | None = option("--accumulate", None)
    amp: str | None = option("--amp", None)
    patience: int | None = option("--patience", None)
    features: float | None = option("--distil-features", None)
    test: bool = option("--test", False)
    threads: int = option("--threads", 0)
    device: str = option("--device", "auto")
