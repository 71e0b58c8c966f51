"""Which of a network's outputs a metric reads: those whose change changes a score."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.device import on_host
from prunescope.capture.network import Network
from prunescope.capture.outputs import list_outputs as outputs_of
from prunescope.capture.outputs import named_leaves, unread_layers
from prunescope.errors import PrunescopeError
from prunescope.sources.metrics import Metric
from prunescope.sources.splits import Samples
from prunescope.study.output_summary import OutputSummary

_SAMPLES: Final = 16
_DRAWS: Final = 3


def list_outputs(
    network: Network, samples: Samples, metric: Metric
) -> tuple[tuple[OutputSummary, ...], tuple[str, ...]]:
    """Return the outputs of ``network``, and the layers that reach none that counts.

    An output counts where other values in it change a score of ``metric``.

    Args:
        network: Dense, captured or not; without a graph no layers are known.
        samples: Some of them are scored.
        metric: The study's.
    """
    some = samples.chunk(0, _SAMPLES)
    with torch.inference_mode():
        returned = network(some.inputs)
    leaves = [(name, leaf) for name, leaf in named_leaves(returned) if isinstance(leaf, Tensor)]
    read = _read(returned, some, metric)
    if network.captured is None:
        plain = tuple(
            OutputSummary(name, tuple(leaf.shape[1:]), name in read) for name, leaf in leaves
        )
        return plain, ()
    known = outputs_of(network.captured, network.layers)
    summaries = tuple(
        OutputSummary(each.name, each.shape[1:], each.name in read, each.only) for each in known
    )
    return summaries, unread_layers(known, [each.name for each in summaries if each.counts])


def _read(returned: Any, some: Samples, metric: Metric) -> set[str]:
    """The names of the outputs that ``metric`` reads; all of them where it cannot be asked."""
    names = [name for name, leaf in named_leaves(returned) if isinstance(leaf, Tensor)]
    if len(names) < 2:
        return set(names)
    try:
        before = _scores(returned, some, metric)
    except PrunescopeError:
        return set(names)
    return {name for name in names if _changes(returned, name, some, metric, before)}


def _changes(returned: Any, name: str, some: Samples, metric: Metric, before: Tensor) -> bool:
    generator = torch.Generator().manual_seed(0)
    for _ in range(_DRAWS):
        try:
            after = _scores(_with_noise(returned, name, generator), some, metric)
        except PrunescopeError:
            return True
        if not torch.equal(after, before):
            return True
    return False


def _with_noise(returned: Any, name: str, generator: torch.Generator) -> Any:
    """The outputs with ``name`` drawn anew, as large as it is."""
    leaves, spec = pytree.tree_flatten(returned)
    place = [own for own, _ in named_leaves(returned)].index(name)
    leaf = leaves[place]
    if leaf.is_floating_point():
        noise = torch.randn(leaf.shape, generator=generator).to(leaf)
        leaves[place] = noise * (leaf.float().abs().max().to(leaf) + 1)
    else:
        leaves[place] = leaf.flip(0) ^ leaf if leaf.dtype == torch.bool else leaf.flip(0) + 1
    return pytree.tree_unflatten(leaves, spec)


def _scores(returned: Any, some: Samples, metric: Metric) -> Tensor:
    targets = some.targets
    if metric.relative and targets is None:
        return torch.zeros(len(some))
    return on_host(metric.score(returned, targets).float()).nan_to_num(0.0)
