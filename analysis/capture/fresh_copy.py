"""A copy of a model that nothing has run yet, without what wraps it and without caches."""

import contextlib
import copy
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import prune


def fresh_copy(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` to capture or to run, which shares its parameters.

    A run may leave its mark on a model (a detector keeps the grid of the shape that it saw last),
    so each use takes a copy. Buffers are copied, parameters are the model's own. What
    ``torch.compile`` and data-parallel wrappers hold inside, at any depth, stands in their place;
    the caches of Hugging Face's decoders are switched off, as their tensors would be outputs. A
    model that cannot be copied is returned as it is.
    """
    model = unwrapped(model)
    shared: dict[int, Any] = {id(parameter): parameter for parameter in model.parameters()}
    shared |= not_copied(model)
    try:
        fresh = copy.deepcopy(model, shared)
    except Exception:  # noqa: BLE001 - whatever a user's class raises; it was only a precaution
        return model
    for module in list(fresh.modules()):
        for name, child in list(module.named_children()):
            inner = unwrapped(child)
            if inner is not child:
                setattr(module, name, inner)
        config = getattr(module, "config", None)
        if config is not None and getattr(config, "use_cache", None) is True:
            with contextlib.suppress(AttributeError, TypeError):  # a frozen configuration
                config.use_cache = False
    return fresh


def not_copied(model: nn.Module) -> dict[int, Any]:
    """Return, by identity, what stands in a copy of ``model`` for what cannot be copied.

    Tensors that were computed from parameters become their values. The trainer of a Lightning
    module, which holds loaders and loggers, is left out.
    """
    trainers = [
        trainer
        for module in model.modules()
        for trainer in [vars(module).get("_trainer")]
        if trainer is not None
    ]
    left_out: dict[int, Any] = {id(trainer): None for trainer in trainers}
    return left_out | derived_tensors(model)


def derived_tensors(model: nn.Module) -> dict[int, Tensor]:
    """Return a copy, by identity, of each tensor that ``model`` computed from its parameters.

    Pruning and weight norm of ``torch.nn.utils`` leave such tensors in their modules, which cannot
    be copied as they are; their hooks compute them anew.
    """
    return {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }


def merge_masks(model: nn.Module) -> None:
    """Put the masks of ``torch.nn.utils.prune`` into the weights of ``model``, in place."""
    for module in model.modules():
        for hook in list(module._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)  # type: ignore[no-untyped-call]


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module inside of ``torch.compile`` and of data-parallel wrappers."""
    inner = getattr(model, "_orig_mod", None)
    if inner is None and isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        inner = model.module
    return unwrapped(inner) if isinstance(inner, nn.Module) else model
