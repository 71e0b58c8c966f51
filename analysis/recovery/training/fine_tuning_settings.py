"""How to fine-tune: the settings, each checked when it is given. Torch-free."""

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from prunescope.commands import next_steps
from prunescope.errors import BadValue
from prunescope.study.bounds import SEED, checked_reference
from prunescope.study.manifest import LIVE
from prunescope.text.numbers import exact

Schedule = Literal["at once", "in rounds", "re-solved"]
"""How a plan is reached: pruned and then trained; little by little; or solved anew on the way."""
SCHEDULES: Final[tuple[Schedule, ...]] = get_args(Schedule)

_USUAL_RATE: Final = 0.01
SGD: Final = "sgd"
AMP: Final = ("off", "bf16", "fp16")
"""Numbers that forward and backward passes compute in: float32, or bfloat16 or float16 too."""


@dataclass(frozen=True)
class FineTuning:
    """How to train what a plan keeps.

    Attributes:
        epochs: Passes over the training data; with ``rounds``, over all of them together.
        rate: Peak learning rate, reached after the warm-up, falling to 0 along a cosine; None for
            one that a short range test chooses.
        batch: Samples per forward pass; an epoch's batches differ by one sample at most. A loader
            of the user's own has batches of its own.
        momentum: Of SGD's gradient, 0 to below 1; other optimizers take it as an option.
        decay: ``weight_decay`` on weights of two or more dimensions; biases and norms have none.
        warmup: Fraction of all steps in which the rate climbs from 0, 0 to 1.
        distillation: Weight of the dense model's outputs in the loss against the labels', 0 to 1;
            at 1 no labels are read.
        temperature: By which logits are divided before they are compared with the dense model's.
        features: Weight, beside the outputs', of the dense model's values where blocks end, in what
            stays of them; 0 learns from outputs alone.
        seed: Of the order of samples, of augmentation and of dropout.
        optimizer: A class of ``torch.optim`` by name, in any case: ``sgd``, ``adamw`` ...
        options: Of the optimizer, as ``NAME=VALUE``, such as ``betas=0.9,0.95``.
        nesterov: Whether SGD's momentum looks ahead.
        ema: Decay of the moving average of the weights that is judged and kept; 0 for none.
        clip: Largest norm of all gradients together; None for no limit.
        accumulate: Batches whose gradients are averaged before a step.
        amp: One of ``AMP``.
        patience: Epochs without a better score after which training stops; None for never.
        train: The user's loader, data set or iterable of batches as ``file.py:function``; empty for
            the study's calibration split.
        augment: What changes samples at random, as ``file.py:function`` or
            ``torchvision.transforms.v2:NAME``; empty for nothing.
        epoch_steps: Steps that count as an epoch; None for a pass over the data.
        seconds: To spend on training; the number of epochs is then chosen for it, by the time that
            some steps take. None for ``epochs``.
        rounds: In which the plan's sparsities are reached, in geometric steps, each trained; 1 for
            all at once.
        resolve: Whether each round solves anew, on the network as it is tuned by then, which layer
            gives how much, within the plan's cost; else the plan's own sparsities are reached.
    """

    epochs: int = 5
    rate: float | None = None
    batch: int = 64
    momentum: float = 0.9
    decay: float = 1e-4
    warmup: float = 0.05
    distillation: float = 0.9
    temperature: float = 3.0
    features: float = 0.0
    seed: int = 0
    optimizer: str = SGD
    options: tuple[str, ...] = ()
    nesterov: bool = False
    ema: float = 0.0
    clip: float | None = None
    accumulate: int = 1
    amp: str = "off"
    patience: int | None = None
    train: str = ""
    augment: str = ""
    epoch_steps: int | None = None
    seconds: float | None = None
    rounds: int = 1
    resolve: bool = False

    def __post_init__(self) -> None:
        _within("epochs", self.epochs, 1, 100_000, "Ask for a few passes, such as 10.")
        _within("batch", self.batch, 2, 1 << 20, "Batch norm needs two samples to vary.")
        if self.rate is not None:
            _within("rate", self.rate, 0, 10, "Try 0.01.", above=True)
        _within("momentum", self.momentum, 0, 0.9999, "Try 0.9.")
        _within("decay", self.decay, 0, 1, "Try 0.0001.")
        _within("warmup", self.warmup, 0, 1, "It is a fraction of all steps: try 0.05.")
        _within(
            "distillation", self.distillation, 0, 1, "0 is labels only, 1 the dense model only."
        )
        SEED.checked(self.seed)
        _within("temperature", self.temperature, 0, 100, "Try 3.", above=True)
        _within("features", self.features, 0, 1000, "Try 1, or 0 for the outputs alone.")
        _within("ema", self.ema, 0, 0.999999, "Try 0.99, or 0 for no moving average.")
        if self.clip is not None:
            _within("clip", self.clip, 0, 1e6, "Try 1.", above=True)
        _within("accumulate", self.accumulate, 1, 4096, "1 takes a step after every batch.")
        if self.patience is not None:
            _within("patience", self.patience, 1, 100_000, "Try 3 epochs.")
        if self.epoch_steps is not None:
            _within("epoch-steps", self.epoch_steps, 1, 10_000_000, "Try 500.")
        if self.seconds is not None:
            _within("seconds", self.seconds, 0, 30 * 86_400, "Try 300.", above=True)
        _within("rounds", self.rounds, 1, 100, "1 prunes at once; try 4.")
        self._require_words()

    def _require_words(self) -> None:
        for reference in (self.train, self.augment):
            checked_reference(reference)
        if self.resolve and self.rounds == 1:
            raise BadValue(
                "Expected rounds where the plan is solved anew in each, but got 1. Ask for some: "
                f"{next_steps.rounds(4)}."
            )
        if self.amp not in AMP:
            raise BadValue(
                f"Expected amp to be {' or '.join(AMP)}, but got {self.amp!r}. bf16 computes in "
                "bfloat16 where that is safe, fp16 in float16 on a device that has it."
            )
        if self.nesterov and (self.optimizer.lower() != SGD or not self.momentum):
            raise BadValue(
                f"Expected nesterov with {SGD} and a momentum, but got {self.optimizer} with "
                f"{self.momentum:g}. Leave it out, or take "
                f"{next_steps.optimizer(SGD, 0.9)}."
            )
        for option in self.options:
            name, equals, value = option.partition("=")
            if not (name.isidentifier() and equals and value):
                raise BadValue(
                    f"Expected an optimizer's option as NAME=VALUE, but got {option!r}. Write it "
                    "as betas=0.9,0.95."
                )

    @property
    def schedule(self) -> Schedule:
        """How the plan's cost is reached."""
        if self.rounds == 1:
            return "at once"
        return "re-solved" if self.resolve else "in rounds"

    @property
    def peak(self) -> float:
        """The peak learning rate; before one is chosen, a usual one."""
        return _USUAL_RATE if self.rate is None else self.rate

    def sentence(self) -> str:
        """Return what differs from a plain run on the calibration split, in words; or nothing."""
        options = f" ({', '.join(self.options)})" if self.options else ""
        parts = [
            f"{self.optimizer}{options}{' with Nesterov momentum' if self.nesterov else ''}"
            * (self.optimizer.lower() != SGD or bool(self.options) or self.nesterov),
            f"data from {self.train}" * bool(self.train),
            f"augmented by {self.augment}" * bool(self.augment),
            f"the dense model's inner values, weight {self.features:g}" * bool(self.features),
            f"moving average {self.ema:g}" * bool(self.ema),
            f"gradients clipped at {self.clip or 0:g}" * (self.clip is not None),
            f"{self.accumulate} batches a step" * (self.accumulate > 1),
            {"bf16": "bfloat16", "fp16": "float16, its loss scaled"}.get(self.amp, ""),
            f"patience {self.patience}" * (self.patience is not None),
        ]
        words = "; ".join(part for part in parts if part)
        return f"Trained with: {words}." if words else ""


def named(given: object) -> str | None:
    """Return the reference that somebody gave, or a name for an object; None for neither.

    >>> named("net.py:loader"), named([]), named(None)
    ('net.py:loader', 'live:list', None)
    """
    if given is None or isinstance(given, str):
        return given
    return f"{LIVE}{type(given).__name__}"


def _within(
    name: str, value: float, low: float, high: float, hint: str, above: bool = False
) -> None:
    if math.isfinite(value) and low <= value <= high and not (above and value == low):
        return
    allowed = f"above {low:g}" if above else f"at least {low:g}"
    most = exact(int(high)) if float(high).is_integer() else f"{high:g}"
    allowed += f" and at most {most}"
    raise BadValue(f"Expected {name} to be {allowed}, but got {value!r}. {hint}")
