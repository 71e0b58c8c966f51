"""Let blocks leave a user's own class: each module that holds one gives what passes it by."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.blocks import Block
from prunescope.capture.graph import Captured, call_arguments
from prunescope.errors import CannotPrune

_TOLERANCE: Final = 1e-4
_Candidate = tuple[str, nn.Module]


class Bypassed(nn.Module):
    """Stands where a block was, and holds no weights.

    Args:
        adds: Whether the module's caller adds its result to what passes it by, which is then
            nothing; else the module itself did, and its input goes on.
        entries: Of the tuple that the module returned, of which only the first is a result; 0
            where it returned a tensor.
    """

    def __init__(self, adds: bool, entries: int) -> None:
        super().__init__()
        self.adds, self.entries = adds, entries

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the first tensor, or zeros of its shape where the caller adds them to it."""
        first = next(x for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
        result = torch.zeros_like(first) if self.adds else first
        return (result, *[None] * (self.entries - 1)) if self.entries else result


def bypass(module: nn.Module, captured: Captured, blocks: Sequence[Block]) -> None:
    """Put a ``Bypassed`` into ``module`` for each of ``blocks``.

    Args:
        module: Of the user's class, dense; changed.
        captured: Its graph.
        blocks: That leave.

    Raises:
        CannotPrune: No module of the class gives what is left once such a block has left.
    """
    from prunescope.removal.remove import remove

    gone: dict[str, Tensor] = {}
    for block in blocks:
        gone[block.name] = torch.zeros(1, dtype=torch.bool)
        wanted = remove(captured, gone)
        for path, stand_in in _candidates(module, block, wanted):
            owner_path, _, name = path.rpartition(".")
            owner = module.get_submodule(owner_path)
            own = getattr(owner, name)
            setattr(owner, name, stand_in)
            if _same(module, wanted):
                break
            setattr(owner, name, own)
        else:
            raise CannotPrune(
                f"Expected a module of {type(module).__name__} that holds the block {block.name} "
                "and nothing else, but there is none, and its forward() would still run it. Use "
                "model.py or the exported .pt2 or ONNX file, which need no class."
            )


def _candidates(module: nn.Module, block: Block, wanted: Captured) -> Iterator[_Candidate]:
    """The modules that could be the block, the innermost first, with what could stand there.

    A norm in front of the block may stay: what it gives is read no more.
    """
    modules = {path: child for path, child in module.named_modules() if path}
    weights = {layer: getattr(modules.get(layer), "weight", None) for layer in block.layers}
    multiplying = [name for name, w in weights.items() if isinstance(w, Tensor) and w.ndim > 1]
    for layers in (block.layers, multiplying):
        holding = [
            path
            for path in modules
            if layers and all(f"{layer}.".startswith(f"{path}.") for layer in layers)
        ]
        for path in reversed(holding):
            entries = _entries(module, modules[path], wanted)
            for adds in (False, True):
                yield path, Bypassed(adds, entries)


def _entries(module: nn.Module, part: nn.Module, wanted: Captured) -> int:
    """The length of the tuple that ``part`` returns when ``module`` runs; 0 for a tensor."""
    seen: list[Any] = []
    hook = part.register_forward_hook(lambda _part, _args, output: seen.append(output))
    args, kwargs = call_arguments(copy.deepcopy(wanted.example))
    try:
        with torch.no_grad():
            module.eval()(*args, **kwargs)
    finally:
        hook.remove()
    return len(seen[0]) if seen and isinstance(seen[0], tuple) else 0


def _same(module: nn.Module, wanted: Captured) -> bool:
    args, kwargs = call_arguments(copy.deepcopy(wanted.example))
    with torch.no_grad():
        try:
            own = pytree.tree_leaves(module.eval()(*args, **kwargs))
        except (RuntimeError, ValueError, IndexError, AssertionError, TypeError, AttributeError):
            return False
        other = pytree.tree_leaves(wanted.module(*args, **kwargs))
    pairs = list(zip(_tensors(own), _tensors(other), strict=False))
    return bool(pairs) and all(
        one.shape == two.shape and torch.allclose(one, two, rtol=_TOLERANCE, atol=_TOLERANCE)
        for one, two in pairs
    )


def _tensors(leaves: Sequence[Any]) -> list[Tensor]:
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]
