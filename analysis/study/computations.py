"""On what a measurement was computed: a device and a precision, in one string. Torch-free.

It is no part of a measurement's key: the same point on another device is the same point, and a
study may hold points of several.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PROCESSOR: Final = "cpu"
DEVICE_NAMES: Final = ("auto", PROCESSOR, "cuda", "mps", "xpu")
"""Kinds of devices that can be asked for; the numbered ones also as ``cuda:1``."""
QUEUING: Final = ("cuda", "xpu")
"""Kinds of devices whose calls return before they are done."""
FP32: Final = "fp32"
PRECISIONS: Final = (FP32, "tf32", "bf16", "fp16")
"""That points can be computed in."""
ORDINARY: Final = "cpu fp32"
"""What every measurement was computed on before it was written down."""
_SEPARATOR: Final = " + "


@dataclass(frozen=True)
class PrecisionError:
    """How far the dense model in a lower precision is from itself in single precision.

    Attributes:
        computed_on: Device and precision.
        samples: Of the validation split, all of them.
        difference: Mean change of a sample's score, single minus lower precision: a drop.
        size: Mean of the changes' sizes; a mean over these samples is off by no more.
        agreement: Share of samples that get the same class; None without classes.
        divergence: Mean KL(single || lower precision) in nats; None without class logits.
        repeated: Points near a decision that were repeated in single precision, so far.
    """

    computed_on: str
    samples: int
    difference: float
    size: float
    agreement: float | None
    divergence: float | None
    repeated: int = 0


def computed_on(device: str, precision: str) -> str:
    """Return the text of a device's title and a precision.

    >>> computed_on("cuda NVIDIA H200", "bf16")
    'cuda NVIDIA H200 bf16'
    """
    return f"{device} {precision}"


def joined(one: str, other: str) -> str:
    """Return what samples were computed on of which some were on ``one``, the rest on ``other``.

    >>> joined("cuda A fp32", joined("cpu fp32", "cuda A fp32"))
    'cpu fp32 + cuda A fp32'
    """
    return _SEPARATOR.join(sorted(set(separate(one)) | set(separate(other))))


def separate(text: str) -> list[str]:
    """Return the computations that a measurement's text joins."""
    return text.split(_SEPARATOR)


def device_and_precision(text: str) -> tuple[str, str]:
    """Return the two parts of one computation.

    >>> device_and_precision("cuda NVIDIA H200 bf16")
    ('cuda NVIDIA H200', 'bf16')
    """
    device, _, precision = text.rpartition(" ")
    return device, precision


def computation_counts(texts: Iterable[str]) -> dict[str, int]:
    """Return how many of some measurements were computed on what, the most common first.

    >>> computation_counts(["cpu fp32", "cuda A bf16", "cuda A bf16"])
    {'cuda A bf16': 2, 'cpu fp32': 1}
    """
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
