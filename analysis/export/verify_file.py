"""Compare an exported file, reloaded in a fresh process, with what was promised."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.capture.network import forward
from prunescope.errors import PrunescopeError
from prunescope.export.export_report import Check
from prunescope.export.formats.format import Format
from prunescope.export.formats.registry import REGISTRY
from prunescope.export.fresh_process import Reloaded
from prunescope.export.place_zeros import place_zeros
from prunescope.export.promise import Promise, Resized
from prunescope.export.verify_rounded import rounded_accuracy, rounded_outputs, same_kind
from prunescope.text.numbers import counted, exact
from prunescope.text.units import percent

TOLERANCE: Final = 1e-4
"""Largest difference of an output, relative to the largest output of its tensor."""
SIZES: Final = "sizes"
"""Name of the check at a second size."""
_ROUNDINGS: Final = 4
"""By which the outputs of a coarse type may differ: float16 and bfloat16 round by more."""


def verify(kind: Format, file: Path, recipe: Path, promised: Promise) -> tuple[Check, ...]:
    """Return every check of ``file``, the failing ones included.

    Args:
        kind: The file's format.
        file: What was written.
        recipe: The recipe, in the same folder.
        promised: What the model in memory gave.

    Raises:
        BadValue: The format stands in no module that another process can import.
    """
    checks: list[Check] = []
    step, wanted = "loads", "a file that a fresh process can load"
    module = REGISTRY.module_of(kind)
    with Reloaded(
        module, file, recipe, promised.threads, promised.outputs, promised.study
    ) as model:
        try:
            versions = model.versions()
            told = ", ".join(f"{name} {version}" for name, version in versions.items())
            checks.append(Check(step, wanted, f"loaded by {told}", ok=True))
            step, wanted = "weights", "readable weights"
            digest, size, patterns = model.zeros()
            if digest:
                checks.append(_weights(digest, promised))
            if not kind.opaque:
                checks.append(_zeros(patterns, promised, folded=not digest))
            checks.append(kind.size(file, size, promised))
            step, wanted = "outputs", "outputs for validation samples"
            checks.append(_outputs(model, promised, bool(kind.rounding)))
            if kind.graph and promised.resized is not None:
                step, wanted = SIZES, "outputs at another size"
                checks.append(_sizes(model, promised.resized, bool(kind.rounding)))
            step, wanted = "latency", "the time of one sample"
            checks.append(_latency(model, promised))
            if not kind.evaluated:
                return tuple(checks)
            step, wanted = "accuracy", "outputs for the whole validation split"
            outcome = evaluate(model, promised.validation, promised.metric, promised.batch)
            check = rounded_accuracy if kind.rounding else _accuracy
            checks.append(check(outcome, promised))
        except (PrunescopeError, OSError, ValueError, RuntimeError) as error:
            checks.append(Check(step, wanted, _short(error), ok=False))
    return tuple(checks)


def tolerance(dtype: torch.dtype) -> float:
    """Return the largest difference of outputs of ``dtype``, relative to their largest value.

    >>> tolerance(torch.float32), tolerance(torch.float16)
    (0.0001, 0.00390625)
    """
    if not dtype.is_floating_point:
        return TOLERANCE
    return max(TOLERANCE, _ROUNDINGS * torch.finfo(dtype).eps)


def difference(expected: Any, got: Any) -> float:
    """Return the largest difference of two outputs, relative to the largest expected value.

    Per tensor; infinite where shapes, whole numbers or the places of NaN differ.
    """
    pairs = zip(_tensors(expected), _tensors(got), strict=True)
    return max((_difference(one, other) for one, other in pairs), default=0.0)


def excess(expected: Any, got: Any) -> float:
    """Return the largest difference of two outputs in tolerances of its tensor: 1 still passes."""
    pairs = zip(_tensors(expected), _tensors(got), strict=True)
    return max((_difference(one, two) / tolerance(one.dtype) for one, two in pairs), default=0.0)


def ties(outcome: Outcome, tolerance: float) -> Tensor:
    """Return which samples are too close to call: ``(n,)`` bool.

    A sample is when two of its highest six class scores lie within twice ``tolerance`` of the
    largest score: rounding may then change the order. Without class logits, none is.
    """
    known = outcome.log_probabilities
    samples = len(outcome.score)
    if known is None:
        return torch.zeros(samples, dtype=torch.bool)
    best = known.topk(min(6, known.shape[1]), 1).values
    gaps = (best[:, :-1] - best[:, 1:]).amin(1).reshape(samples, -1).amin(1)
    scale = known.abs().reshape(samples, -1).amax(1).clamp(min=1e-6)
    return gaps <= 2 * tolerance * scale


def _difference(one: Tensor, other: Tensor) -> float:
    if one.shape != other.shape:
        return float("inf")
    if not one.is_floating_point():
        return 0.0 if torch.equal(one, other.to(one.dtype)) else float("inf")
    left, right = on_host(one).double(), on_host(other).double()
    finite = left.isfinite()
    if not torch.equal(left[~finite].nan_to_num(), right[~finite].nan_to_num()):
        return float("inf")
    if not bool(right[finite].isfinite().all()):
        return float("inf")
    if not bool(finite.any()):
        return 0.0
    scale = max(float(left[finite].abs().max()), 1e-6)
    return float((left[finite] - right[finite]).abs().max()) / scale


def _weights(digest: str, promised: Promise) -> Check:
    return Check(
        "weights",
        f"tensors with hash {promised.sha256[:16]}",
        f"tensors with hash {digest[:16]}",
        digest == promised.sha256,
    )


def _zeros(patterns: Mapping[str, np.ndarray], promised: Promise, folded: bool) -> Check:
    """Folding a batch norm may add zeros where its scale is zero, but never takes one away."""
    wanted = sum(int(where.sum()) for where in promised.zeros.values())
    kept, wrong = 0, ""
    for name, where in promised.zeros.items():
        found = place_zeros(patterns, name, where)
        if found is None:
            wrong = wrong or f"{name} is not in the file"
            continue
        kept += int((found & where).sum())
        pattern = promised.patterns[name]
        if not bool(found[where].all()):
            wrong = wrong or f"{name} is not zero in {int((where & ~found).sum())} places"
        elif not folded and not np.array_equal(found, pattern):
            wrong = wrong or f"{name} has {int((found & ~pattern).sum())} zeros too many"
    got = f"{exact(kept)} zeros at the planned positions" + (f"; {wrong}" if wrong else "")
    layers = len(promised.zeros)
    said = f"{exact(wanted)} zeros at the planned positions of {counted(layers, 'layer')}"
    return Check("zeros", said, got, ok=not wrong and kept == wanted)


def _outputs(model: Reloaded, promised: Promise, rounded: bool) -> Check:
    with torch.inference_mode():
        pairs = [
            (promised.outputs, forward(model, promised.inputs)),
            (promised.single, forward(model, promised.first)),
        ]
    worst = max(difference(*pair) for pair in pairs)
    if rounded:
        return rounded_outputs(pairs[0][1], pairs[1][1], promised, worst)
    samples = len(promised.validation.chunk(0, len(_tensors(promised.inputs)[0])))
    return Check(
        "outputs",
        f"the outputs of the model on screen, within {_allowed(promised.outputs)}",
        f"largest difference {worst:.1e} on {samples} samples, in one batch and one alone",
        all(excess(*pair) <= 1 for pair in pairs),
    )


def _sizes(model: Reloaded, resized: Resized, rounded: bool) -> Check:
    with torch.inference_mode():
        outputs = forward(model, resized.inputs)
    if rounded:
        alike, differs = same_kind(resized.outputs, outputs), difference(resized.outputs, outputs)
        return Check(
            SIZES,
            f"any {resized.words}: finite outputs in the model's shapes",
            f"{'as wanted' if alike else 'others'}; the largest difference is {percent(differs)} "
            "of the largest output",
            alike,
        )
    return Check(
        SIZES,
        f"any {resized.words}: the model's outputs, within {_allowed(resized.outputs)}",
        f"largest difference {difference(resized.outputs, outputs):.1e} at the other size",
        excess(resized.outputs, outputs) <= 1,
    )


def _allowed(outputs: Any) -> str:
    """The tolerances of all types of outputs, for people; a type is named where it is coarse."""
    kinds = dict.fromkeys(t.dtype for t in _tensors(outputs) if t.is_floating_point())
    found = {kind: tolerance(kind) for kind in kinds} or {torch.float32: TOLERANCE}
    if set(found.values()) == {TOLERANCE}:
        return f"{TOLERANCE:g} of their scale"
    return " and ".join(
        f"{most:.2g} of their scale ({str(kind).removeprefix('torch.')})"
        for kind, most in found.items()
    )


def _accuracy(outcome: Outcome, promised: Promise) -> Check:
    """A score may be made of any output, so the coarsest one says how far it may differ."""
    most = max((tolerance(t.dtype) for t in _tensors(promised.outputs)), default=TOLERANCE)
    before, after, words = promised.outcome, outcome, promised.words
    differ = (before.score - after.score).abs() > most * before.score.abs().clamp(min=1)
    differ |= before.finite != after.finite
    undecided = differ & ties(before, most)
    wrong = int((differ & ~undecided).sum())
    samples = len(before.score)
    alike = "alike on every sample" if not bool(differ.any()) else (
        f"{int(differ.sum())} samples differ, {int(undecided.sum())} of them ties"
    )  # fmt: skip
    return Check(
        "accuracy",
        f"{words.score(_mean(before))} on {counted(samples, 'validation sample')}, each within "
        f"{most:.2g}",
        f"{words.score(_mean(after))}, {alike}",
        wrong == 0,
        value=_mean(after),
        shown=words.score(_mean(after)),
    )


def _latency(model: Reloaded, promised: Promise) -> Check:
    """A time that nothing was promised of: machines differ, and this one may be busy."""
    seconds = model.seconds(promised.first)
    threads = counted(promised.threads, "thread")
    return Check(
        "latency",
        f"the time of one sample, on {threads} of this machine as it was",
        f"{seconds * 1e3:.3g} ms at the median",
        ok=True,
        value=seconds,
    )


def _mean(outcome: Outcome) -> float:
    return outcome.score.double().mean().item()


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
