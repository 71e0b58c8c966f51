"""Load the smaller weights into the user's own class, and check that its forward allows it."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.capture.choose_outputs import choose_outputs, chosen
from prunescope.capture.graph import Captured, Inputs, call_arguments, capture
from prunescope.coupling import Group, choose_heads, find_groups
from prunescope.errors import CannotPrune
from prunescope.removal.block_masks import divided
from prunescope.removal.bypass_modules import bypass
from prunescope.removal.remove import remove
from prunescope.removal.selection import Removal

_TOLERANCE = 1e-4
_HEADS = ("num_heads", "heads", "n_heads", "num_attention_heads", "nhead", "n_head")


def load_pruned(
    module: nn.Module,
    removal: Removal,
    weights: Mapping[str, Tensor] | None = None,
    example: Inputs | None = None,
    captured: Captured | None = None,
    outputs: tuple[str, ...] = (),
    heads: str = "",
) -> nn.Module:
    """Return ``module``, of the user's own class, with the smaller weights in it.

    Parameters and buffers are replaced; the sizes that torch's layers keep beside them
    (``in_channels``, ``num_features``, ``groups``, ``normalized_shape``, ``num_heads`` …) are
    adapted. The result is run and compared with the smaller graph.

    Args:
        module: The dense model, modified in place.
        removal: Group name → bool mask over its units, True = keep.
        weights: The smaller tensors by name, fine-tuned perhaps; None cuts those of ``module``.
        example: A batch to capture the dense model with; needed without ``captured``.
        captured: The dense model's graph, if it is at hand.
        outputs: That have to stay; the others may have shrunk. None for all.
        heads: The units of grouped queries (``prunescope.coupling.choose_heads``).

    Raises:
        CannotPrune: The forward of this class holds sizes of its own (a ``view`` with the old
            number of channels, say), so only the exported graph can be smaller; or a block leaves
            that no module of it stands for.
    """
    if captured is None:
        if example is None:
            raise CannotPrune(
                "Expected an example batch or the captured graph, but got neither. Pass example=."
            )
        captured = choose_heads(choose_outputs(capture(module, example), outputs), heads)
    units, leaving_blocks = divided(captured, removal)
    if leaving_blocks:
        _replace(module, captured.module)  # what is compared then has the same weights
        bypass(module, captured, leaving_blocks)
    smaller = remove(captured, removal)
    if weights is not None:
        _fill(smaller.module, weights)
    coupling = find_groups(captured)
    touched = [coupling.group(name) for name in units]
    _replace(module, smaller.module)
    _adapt_layers(module)
    _adapt_heads(module, touched, removal)
    _compare(module, smaller, outputs)
    return module


def _fill(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load ``weights``; sizes must be those of the removal."""
    own = module.state_dict(keep_vars=True)
    wrong = [
        name
        for name, tensor in weights.items()
        if name not in own or own[name].shape != tensor.shape
    ]
    if wrong:
        name = wrong[0]
        expected = tuple(own[name].shape) if name in own else "no tensor"
        raise CannotPrune(
            f"Expected weights of this removal, but {name} is {tuple(weights[name].shape)} and "
            f"the smaller network holds {expected}. Use the recipe that the weights were saved "
            "with."
        )
    with torch.no_grad():
        for name, tensor in weights.items():
            own[name].copy_(tensor)


def _replace(module: nn.Module, smaller: nn.Module) -> None:
    """Put the smaller tensors where the dense ones were; shared ones stay shared."""
    tensors = {
        **dict(smaller.named_parameters(remove_duplicate=False)),
        **dict(smaller.named_buffers(remove_duplicate=False)),
    }
    for name, owner, own in list(_owned(module)):
        new = tensors.get(name)
        if new is None:
            continue
        if own in owner._parameters:
            owner._parameters[own] = new if isinstance(new, nn.Parameter) else nn.Parameter(new)
        else:
            owner._buffers[own] = new


def _owned(module: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    for path, owner in module.named_modules():
        for own in (*owner._parameters, *owner._buffers):
            yield f"{path}.{own}" if path else own, owner, own


def _adapt_layers(module: nn.Module) -> None:
    """Set the sizes that torch's own layers keep as attributes."""
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        shape = tuple(weight.shape) if isinstance(weight, Tensor) else ()
        if isinstance(layer, nn.modules.conv._ConvNd) and shape:
            if layer.in_channels == layer.groups and layer.groups > 1:
                per = max(1, layer.out_channels // layer.in_channels)
                layer.groups = shape[0] // per if not layer.transposed else shape[0]
            inner = 0 if layer.transposed else 1
            spread = 1 if layer.transposed else layer.groups
            layer.in_channels = shape[inner] * spread
            layer.out_channels = shape[1 - inner] * (layer.groups if layer.transposed else 1)
        elif isinstance(layer, nn.Linear) and len(shape) == 2:
            layer.out_features, layer.in_features = shape
        elif isinstance(layer, nn.Embedding) and shape:
            layer.num_embeddings, layer.embedding_dim = shape
        elif isinstance(layer, nn.modules.batchnorm._NormBase):
            weight_or_mean = weight if isinstance(weight, Tensor) else layer.running_mean
            if isinstance(weight_or_mean, Tensor):
                layer.num_features = weight_or_mean.shape[0]
        elif isinstance(layer, nn.LayerNorm | nn.RMSNorm) and shape:
            layer.normalized_shape = shape
        elif isinstance(layer, nn.GroupNorm) and shape:
            if layer.num_groups == layer.num_channels:
                layer.num_groups = shape[0]
            layer.num_channels = shape[0]
        elif isinstance(layer, nn.MultiheadAttention):
            layer.embed_dim = layer.out_proj.weight.shape[0]
        elif isinstance(layer, nn.RNNBase):
            _adapt_recurrent(layer)
        elif isinstance(layer, nn.RNNCellBase):
            layer.hidden_size, layer.input_size = layer.weight_hh.shape[1], layer.weight_ih.shape[1]


def _adapt_recurrent(layer: nn.RNNBase) -> None:
    """Set the sizes of an ``nn.LSTM``, which has one number of hidden units for all its layers."""
    own = dict(layer.named_parameters(recurse=False))
    sizes = {matrix.shape[1] for name, matrix in own.items() if name.startswith("weight_hh")}
    if len(sizes) > 1:
        raise CannotPrune(
            f"Expected {type(layer).__name__} to keep the same number of hidden units in each of "
            f"its layers and directions, but got {sorted(sizes)}. Keep as many in each, or use "
            "the exported .pt2 or ONNX file, which needs no class."
        )
    if isinstance(own.get("weight_ih_l0"), Tensor) and sizes:
        layer.input_size = own["weight_ih_l0"].shape[1]
        layer.hidden_size = sizes.pop() if not layer.proj_size else layer.hidden_size
        layer._flat_weights = [own[name] for name in layer._flat_weights_names]


def _adapt_heads(module: nn.Module, groups: list[Group], removal: Removal) -> None:
    """Set the number of heads of the module that owns a group of heads."""
    for group in groups:
        if group.granularity != "head":
            continue
        heads_left = int(torch.as_tensor(removal[group.name]).sum())
        layer, modules = group.members[0].layer, dict(module.named_modules())
        for path in (layer, layer.rpartition(".")[0]):
            owner = modules.get(path)
            for name in _HEADS:
                count = getattr(owner, name, None)
                if isinstance(count, int) and count % group.units == 0:
                    setattr(owner, name, count // group.units * heads_left)
            _adapt_queries(owner, group.units, heads_left)


def _adapt_queries(owner: object, units: int, left: int) -> None:
    """Set how many query heads share a key-value head, where the units are such query heads."""
    keys = getattr(getattr(owner, "config", owner), "num_key_value_heads", None)
    if getattr(owner, "num_key_value_groups", None) == units != keys:
        setattr(owner, "num_key_value_groups", left)  # noqa: B010 - any class that has it


def _compare(module: nn.Module, smaller: Captured, outputs: tuple[str, ...]) -> None:
    args, kwargs = call_arguments(smaller.example)
    hint = (
        "Its forward() holds a size of the dense model; read that size from a tensor's shape "
        "there, or use the exported .pt2 or ONNX file, which needs no class."
    )
    with torch.no_grad():
        expected = _leaves(smaller.module(*args, **kwargs))
        try:
            actual = _leaves(chosen(module.eval()(*args, **kwargs), outputs))
        except (RuntimeError, ValueError, IndexError, AssertionError, TypeError) as error:
            message = " ".join(str(error).split())[:200]
            raise CannotPrune(
                f"Expected {type(module).__name__} to run with fewer channels, but it stopped: "
                f"{message}. {hint}"
            ) from error
    for one, other in zip(actual, expected, strict=True):
        close = one.shape == other.shape and torch.allclose(
            one, other, rtol=_TOLERANCE, atol=_TOLERANCE * max(1.0, float(other.abs().max()))
        )
        if not close:
            raise CannotPrune(
                f"Expected {type(module).__name__} to give the smaller graph's outputs, but they "
                f"differ. {hint}"
            )


def _leaves(outputs: object) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]
