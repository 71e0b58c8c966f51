"""The dense weights of modules that are masked at the moment."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from torch import Tensor, nn

_ORIGINALS: "WeakKeyDictionary[nn.Module, Mapping[str, Tensor]]" = WeakKeyDictionary()


def originals(module: nn.Module) -> Mapping[str, Tensor]:
    """Return by name the dense weights of ``module`` where masks have zeroed some."""
    return _ORIGINALS.get(module, {})


def set_originals(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Note the dense ``weights``, by name, of all that is masked in ``module`` now."""
    _ORIGINALS[module] = weights
