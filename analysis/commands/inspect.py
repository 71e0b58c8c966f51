"""The request of ``inspect``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option


@dataclass(frozen=True)
class Inspect(Request):
    """Look at a model; measure nothing.

    Attributes:
        model: A reference.
        data: A reference; None for none.
        weights: File of the weights; None for the model's own.
        random: Whether a model by name keeps random weights.
        shape: Of one input, such as ``3,224,224``; None to read it off the data.
        metric: A reference; None for the usual one.
        outputs: Names of outputs that have to stay; none for all.
        heads: ``key-value``, or empty for whichever heads are more.
    """

    command: ClassVar[str] = "inspect"
    study_option: ClassVar[str | None] = None

    model: str = field(metadata=ARGUMENT)
    data: str | None = option("--data", None)
    weights: str | None = option("--weights", None)
    random: bool = option("--random", False)
    shape: str | None = option("--shape", None)
    metric: str | None = option("--metric", None)
    outputs: tuple[str, ...] = option("--outputs", ())
    heads: str = option("--heads", "")
