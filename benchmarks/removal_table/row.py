"""One row: half of every group of one model removed at once, and what holds of the result."""

import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from benchmarks.removal_table.models import Inputs, build
from prunescope.capture.graph import Captured, call_arguments, capture, take
from prunescope.coupling import find_groups
from prunescope.export.formats import onnx, pt2
from prunescope.removal import check_law, remove
from prunescope.removal.try_groups import random_half as half

TOLERANCE = 1e-4
"""Largest difference, relative to the largest output, that counts as equal."""


def row(name: str, export: bool) -> dict[str, Any]:
    """Return one line of the table, numbers as they are.

    ``law`` is the largest difference of any output between the smaller network and the dense one
    with the removed units silent, ``effect`` what silencing them changes, ``batch`` the largest
    difference of the first two samples' outputs when a third is in the batch: all relative to
    the largest output.
    """
    warnings.simplefilter("ignore")
    clock = [time.perf_counter()]
    model, inputs = build(name)
    pair = take(inputs, slice(0, 2))
    clock.append(time.perf_counter())
    captured = capture(model, pair)
    clock.append(time.perf_counter())
    coupling = find_groups(captured)
    clock.append(time.perf_counter())
    removal = {group.name: half(group) for group in coupling.groups}
    smaller = remove(captured, removal)
    clock.append(time.perf_counter())
    report = check_law(captured, removal, pair)
    clock.append(time.perf_counter())
    made = np.diff(clock).round(1).tolist()
    return {
        "model": name,
        "groups": len(coupling.groups),
        "normalised": sum(group.normalised for group in coupling.groups),
        "refused": Counter(refused.reason for refused in coupling.refused),
        "parameters": sum(p.numel() for p in model.parameters()),
        "left": sum(p.numel() for p in smaller.module.parameters()),
        "law": report.max_error / report.scale,
        "effect": report.effect / report.scale,
        "batch": _batch(smaller, inputs, pair),
        "seconds": dict(zip(("build", "capture", "groups", "remove", "law"), made, strict=True)),
        **(round_trips(smaller, inputs) if export else {}),
    }


def _batch(smaller: Captured, inputs: Inputs, pair: Any) -> float:
    """The largest relative difference that one more sample in the batch makes."""
    return apart(_run(smaller.module, pair), [x[:2] for x in _run(smaller.module, inputs)])


def round_trips(smaller: Captured, inputs: Inputs) -> dict[str, Any]:
    """Return the relative difference after ``.pt2`` and ONNX, reloaded, on three samples."""
    wanted = _run(smaller.module, inputs)
    made: dict[str, Any] = {}
    exported = pt2.exported(smaller)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smaller.pt2"
        pt2.write(exported, path)
        made["pt2"] = apart(_run(pt2.load(path), inputs), wanted)
        path = Path(folder) / "smaller.onnx"
        try:
            onnx.write(exported, path)
            session = onnx.session(path, 1)
            args, kwargs = pytree.tree_map(lambda leaf: leaf.numpy(), call_arguments(inputs))
            got = session.run(None, onnx.feed(session, args, kwargs))
            made["onnx"] = apart([torch.as_tensor(each) for each in got], wanted)
        except Exception as error:  # noqa: BLE001  (whatever it says is the result)
            made["onnx"] = " ".join(str(error).split())[:200]
    return made


def _run(module: Any, inputs: Any) -> list[Tensor]:
    args, kwargs = call_arguments(inputs)
    with torch.no_grad():
        outputs = module(*args, **kwargs)
    return [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]


def apart(got: list[Tensor], wanted: list[Tensor]) -> float:
    """Return the largest difference, relative to the largest value wanted."""
    scale = max(float(each.abs().max()) for each in wanted)
    pairs = zip(got, wanted, strict=True)
    return max(float((one - other).abs().max()) for one, other in pairs) / scale
