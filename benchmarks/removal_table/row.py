"""One row: a random half of every group of one model removed at once, and what holds of it."""

import copy
import re
import resource
import time
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from benchmarks.removal_table.inputs import Inputs
from benchmarks.removal_table.models import build
from prunescope.bench.describe_manifest import describe
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, call_arguments, copy_inputs, take
from prunescope.capture.network import Network, build_network
from prunescope.coupling import Coupling
from prunescope.errors import PrunescopeError
from prunescope.removal import remove, silence, try_groups
from prunescope.removal.try_groups import random_half
from prunescope.study import Manifest, Reference
from prunescope.study.network_size import shrunk

TOLERANCES: Final = {"float64": 1e-9, "float32": 1e-4}
"""Largest difference, relative to the largest output, that counts as equal."""

Removal = dict[str, Any]


def row(name: str) -> dict[str, Any]:
    """Return one line of the table, numbers as they are.

    ``law`` is the largest difference of any output between the smaller network and the dense graph
    with the removed units silent; ``eager`` the same beside the model's own modules, in which the
    removed units' parameters are zero, for the groups over which no norm runs; ``effect`` what
    silencing changes; ``batch`` the largest difference of the first two samples' outputs when a
    third is in the batch: all relative to the largest output. ``foreseen`` says whether the
    manifest foresees parameters, bytes and multiply-accumulates of two smaller networks.
    """
    warnings.simplefilter("ignore")
    before = _peak_bytes()
    clock = [time.process_time()]
    model, inputs, network = captured_network(name)
    clock.append(time.process_time())
    made: dict[str, Any] = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "dtype": str(next(iter(model.parameters())).dtype).removeprefix("torch."),
    }
    if network.captured is None:
        made["problem"] = network.problem
    else:
        made |= _removed(model, inputs, network.captured, clock)
    made["megabytes"] = round((_peak_bytes() - before) / 1e6)
    return made


def captured_network(name: str, double: bool = True) -> tuple[nn.Module, Inputs, Network]:
    """Return the model ``name``, its inputs and its network, in float64 where it runs so."""
    problem: Exception | None = None
    if double:
        model, inputs = build(name)
        model, inputs = model.double(), as_double(inputs)
        try:
            network = build_network(model, take(inputs, slice(0, 2)))
            if network.captured is not None and _finite(network.captured, inputs):
                return model, inputs, network
        except PrunescopeError as error:  # it holds numbers of another precision
            problem = error
    model, inputs = build(name)
    try:
        return model, inputs, build_network(model, take(inputs, slice(0, 2)))
    except PrunescopeError as error:
        raise error from problem


def _finite(captured: Captured, inputs: Inputs) -> bool:
    """Whether the network has numbers for outputs; masks of another precision give none."""
    args, kwargs = call_arguments(copy_inputs(take(inputs, slice(0, 2))))
    with torch.no_grad():
        outputs = captured.module(*args, **kwargs)
    leaves = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]
    return all(bool(leaf.isfinite().all()) for leaf in leaves)


def _removed(
    model: nn.Module, inputs: Inputs, captured: Captured, clock: list[float]
) -> dict[str, Any]:
    pair = take(inputs, slice(0, 2))
    coupling = try_groups(captured)
    clock.append(time.process_time())
    blank = Manifest(Reference("", ""), "", 0, 0, 0, 0, 0, ())
    manifest = describe(blank, captured, coupling)
    clock.append(time.process_time())
    removal = {group.name: random_half(group) for group in coupling.groups}
    smaller = remove(captured, removal)
    clock.append(time.process_time())
    seconds = dict(
        zip(("capture", "groups", "describe", "remove"), np.diff(clock).round(2).tolist(),
            strict=True)
    )  # fmt: skip
    wanted = tensors(silence(captured, removal)(pair))
    plain = {g.name: removal[g.name] for g in coupling.groups if not g.normalised}
    part = remove(captured, plain) if len(plain) < len(removal) else smaller
    eager = None
    if plain:
        silent = copy.deepcopy(model).eval()
        zero(silent, coupling, plain)
        eager = apart(run(part.module, pair), run(silent, pair))
    refused = [
        [each.reason, each.operator, each.place, sum(each.indices)] for each in coupling.refused
    ]
    return {
        "groups": len(coupling.groups),
        "normalised": sum(group.normalised for group in coupling.groups),
        "refused": refused,
        "left": sum(p.numel() for p in smaller.module.parameters()),
        "macs": [cost(captured).macs, cost(smaller).macs],
        "law": apart(run(smaller.module, pair), wanted),
        "effect": apart(run(captured.module, pair), wanted),
        "eager": eager,
        "foreseen": _foreseen(manifest, smaller, removal) and _foreseen(manifest, part, plain),
        "batch": _another_beside(smaller, inputs, pair),
        "seconds": seconds,
    }


def _another_beside(smaller: Captured, inputs: Inputs, pair: Any) -> float:
    """What a third sample changes of the first two's outputs; what all share is left out."""
    outputs = zip(run(smaller.module, inputs), run(smaller.module, pair), strict=True)
    rows = [(three[:2], two) for three, two in outputs if three.ndim and len(three) == 3]
    rows = [(first, two) for first, two in rows if first.shape == two.shape]  # not each with each
    return apart([three for three, _ in rows], [two for _, two in rows])


def _foreseen(manifest: Manifest, smaller: Captured, removal: Removal) -> bool:
    size = shrunk(manifest, {name: int((~keep).sum()) for name, keep in removal.items()})
    real = cost(smaller)
    return (size.parameters, size.bytes, size.macs) == (real.parameters, real.bytes, real.macs)


@torch.no_grad()
def zero(model: nn.Module, coupling: Coupling, removal: Mapping[str, Any]) -> None:
    """Set every parameter entry of the removed units to zero, in place."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    for name, keep in removal.items():
        for member in coupling.group(name).members:
            if member.buffer:
                continue
            gone = [np.ravel(member.indices[unit]) for unit in np.flatnonzero(~keep)]
            where = torch.as_tensor(np.concatenate(gone))
            parameters[member.parameter].index_fill_(member.dimension, where, 0.0)


def as_double(inputs: Inputs) -> Inputs:
    """Return ``inputs`` with every floating tensor in float64."""
    made: Inputs = pytree.tree_map(
        lambda leaf: leaf.double() if leaf.is_floating_point() else leaf, inputs
    )
    return made


def run(module: Any, inputs: Any) -> list[Tensor]:
    """Return every tensor that ``module`` gives for a batch."""
    args, kwargs = call_arguments(copy_inputs(inputs))
    with torch.no_grad():
        return tensors(module(*args, **kwargs))


def tensors(outputs: object) -> list[Tensor]:
    """Return every tensor in ``outputs``."""
    return [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]


def apart(got: list[Tensor], wanted: list[Tensor]) -> float:
    """Return the largest difference, relative to the largest value wanted."""
    pairs = [(a.double(), b.double()) for a, b in zip(got, wanted, strict=True) if b.numel()]
    scale = max(float(b.abs().max()) for _, b in pairs)
    return max(float((a - b).abs().max()) for a, b in pairs) / max(scale, 1e-6)


def names_a_line(text: str | None) -> bool:
    """Whether a sentence says where in the code something is.

    >>> names_a_line("it stopped at net.py:12: no."), names_a_line("it stopped.")
    (True, False)
    """
    return re.search(r"\.py:\d+|line \d+", text or "") is not None


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
