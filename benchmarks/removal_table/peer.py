"""The same job given to Torch-Pruning, with its defaults."""

import time
import warnings
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from benchmarks.removal_table.models import build
from prunescope.capture.graph import call_arguments, take


def peer(name: str) -> dict[str, Any]:
    """Return what Torch-Pruning's defaults leave of a model at 50 %, and in how many seconds.

    As its readme shows: its magnitude importance and pruner, and the layer that gives the
    classes ignored. Attention heads are not named to it.
    """
    import torch_pruning

    warnings.simplefilter("ignore")
    model, inputs = build(name)
    args, kwargs = call_arguments(take(inputs, slice(0, 2)))
    example: Any = kwargs or args[0]
    before = _shapes(model, args, kwargs)
    started = time.perf_counter()
    pruner = torch_pruning.pruner.MagnitudePruner(
        model, example, torch_pruning.importance.MagnitudeImportance(p=2), pruning_ratio=0.5,
        ignored_layers=_classifiers(model),
    )  # fmt: skip
    pruner.step()
    seconds = round(time.perf_counter() - started, 1)
    if _shapes(model, args, kwargs) != before:
        return {"failed": "its model gives outputs of another shape"}
    return {"left": sum(p.numel() for p in model.parameters()), "seconds": seconds}


def _classifiers(model: nn.Module) -> Sequence[nn.Module]:
    """The layers whose outputs are classes: 1000 of ImageNet."""
    layers: list[nn.Module] = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    last = [layer for layer in layers if cast(Tensor, layer.weight).shape[0] == 1000]
    linear = [layer for layer in layers if type(layer) is nn.Linear]
    return last or linear[-1:]


def _shapes(model: nn.Module, args: Any, kwargs: Any) -> list[tuple[int, ...]]:
    with torch.no_grad():
        outputs = model(*args, **kwargs)
    leaves = torch.utils._pytree.tree_leaves(outputs)
    return [tuple(leaf.shape) for leaf in leaves if isinstance(leaf, torch.Tensor)]
