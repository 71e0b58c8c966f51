"""Read numbers out of constant tensors while a model is traced, where all tensors are fake.

A trace sees buffers without their values, so ``int(self.stride[0])`` or ``if self.mask.any()`` ends
it, although no input has a say in them. ``KnownConstants`` follows what forward() computes from
buffers alone with real values beside the trace, and answers such questions from them.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

_QUESTIONS: Final = {
    "item", "tolist", "__bool__", "__int__", "__float__", "__index__", "__contains__",
    "is_nonzero", "equal", "allclose",
}  # fmt: skip
_FACTORIES: Final = {"tensor", "arange", "zeros", "ones", "full", "linspace", "eye", "as_tensor"}
_LARGEST: Final = 1 << 20
"""Elements of a tensor that is followed."""
_SIGNS: Final = (
    "DataDependent",
    "DynamicOutputShape",
    "data-dependent",
    "Could not guard",
    "Could not extract",
)


def hangs_on_data(error: BaseException) -> bool:
    """Return whether a trace stopped because it needed to know a value."""
    text = f"{type(error).__name__} {error}"
    return any(sign in text for sign in _SIGNS)


class KnownConstants(TorchFunctionMode):
    """While it is active, values that hang on buffers of ``model`` alone are known."""

    def __init__(self, model: nn.Module) -> None:
        """Prepare for one trace of ``model``."""
        super().__init__()
        self._model = model
        self._buffers = {
            name: buffer.detach().clone()
            for name, buffer in model.named_buffers(remove_duplicate=False)
            if buffer.numel() <= _LARGEST
        }
        self._values: dict[int, tuple[Tensor, Tensor]] = {}
        self._written = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run ``func``, and the same on real values where all of its tensors are known."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        leaves = pytree.tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        known = self._known(tensors) if not _symbolic(leaves) else None
        if known is None or not (tensors or name in _FACTORIES) or "rand" in name:
            return func(*args, **kwargs)
        if name in _QUESTIONS:
            return self._real(func, args, kwargs, known)
        result = func(*args, **kwargs)
        if name == "__setitem__" or (name.endswith("_") and not name.endswith("__")):
            self._written = True  # perhaps through a view: what any of them holds now is not known
            return result
        if isinstance(result, Tensor) and result.numel() <= _LARGEST:
            value = self._real(func, args, kwargs, known)
            if isinstance(value, Tensor) and value.shape == result.shape:
                self._values[id(result)] = (result, value)
        return result

    def _known(self, tensors: list[Tensor]) -> dict[int, Tensor] | None:
        """The value of each tensor, or None if one is not known."""
        if self._written:
            return None
        found = {}
        for tensor in tensors:
            value = self._values.get(id(tensor), (None, self._buffer(tensor)))[1]
            if value is None:
                return None
            found[id(tensor)] = value
        return found

    def _buffer(self, tensor: Tensor) -> Tensor | None:
        """The value of a buffer, which stands in the model as a fake tensor during a trace."""
        for name, buffer in self._model.named_buffers(remove_duplicate=False):
            if buffer is tensor:
                return self._buffers.get(name)
        return None

    def _real(self, func: Any, args: Any, kwargs: Any, known: dict[int, Tensor]) -> Any:
        real_args, real_kwargs = pytree.tree_map(
            lambda leaf: known[id(leaf)] if isinstance(leaf, Tensor) else leaf, (args, kwargs)
        )
        with (
            torch._C._DisableTorchDispatch(),
            torch._C.DisableTorchFunctionSubclass(),
            torch.no_grad(),
        ):
            return func(*real_args, **real_kwargs)


def _symbolic(leaves: list[Any]) -> bool:
    return any(isinstance(leaf, torch.SymInt | torch.SymFloat | torch.SymBool) for leaf in leaves)
