"""On what a study's points were computed, in a sentence. Torch-free."""

from collections.abc import Iterable

from prunescope.study import Manifest
from prunescope.study.computations import (
    ORDINARY,
    PrecisionError,
    computation_counts,
    device_and_precision,
    separate,
)
from prunescope.text.lists import listed
from prunescope.text.numbers import counted
from prunescope.text.scores import ScoreWords, words_of


def computation_words(text: str) -> str:
    """Return one measurement's computation in words.

    >>> computation_words("cpu fp32 + cuda NVIDIA H200 bf16")
    'in part on cpu in fp32, in part on cuda NVIDIA H200 in bf16'
    """
    parts = [" in ".join(device_and_precision(part)) for part in separate(text)]
    return f"on {parts[0]}" if len(parts) == 1 else ", ".join(f"in part on {p}" for p in parts)


def computations_sentence(texts: Iterable[str]) -> str:
    """Return what the points of a study were computed on; empty where all is as usual.

    Args:
        texts: Of each measured point.
    """
    counts = computation_counts(texts)
    if not counts or set(counts) == {ORDINARY}:
        return ""
    if len(counts) == 1:
        return f"All points were computed {computation_words(next(iter(counts)))}."
    told = [f"{counted(n, 'point')} {computation_words(text)}" for text, n in counts.items()]
    return (
        f"Mixed computations: {listed(told)}. Differences of their rounding are in the curves; "
        "one device and precision for all points has none."
    )


def precision_sentence(error: PrecisionError, words: ScoreWords) -> str:
    """Return how far a lower precision is from single precision on the dense model."""
    more = [
        f"{100 * error.agreement:.4g} % of samples get the same class"
        if error.agreement is not None else "",
        f"KL {error.divergence:.2g} nats" if error.divergence is not None else "",
    ]  # fmt: skip
    details = "".join(f", {detail}" for detail in more if detail)
    device, precision = device_and_precision(error.computed_on)
    repeated = f"; repeated so: {counted(error.repeated, 'point')}" if error.repeated else ""
    return (
        f"Against fp32, {precision} on {device} changes the dense model's {words.name} by "
        f"{words.difference(-error.difference)} on {counted(error.samples, 'sample')}{details}. "
        f"One sample's score changes by {words.drop(error.size)} in the mean: points within that "
        f"of a limit are repeated in fp32{repeated}."
    )


def computation_sentences(manifest: Manifest, texts: Iterable[str]) -> list[str]:
    """Return all that there is to say of where and how precisely a study was computed.

    Args:
        manifest: Of the study.
        texts: ``computed_on`` of each of its points.
    """
    words = words_of(manifest)
    said = [computations_sentence(texts)]
    said += [precision_sentence(error, words) for error in manifest.precisions]
    return [sentence for sentence in said if sentence]
