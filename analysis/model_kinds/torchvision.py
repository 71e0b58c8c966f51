"""``torchvision:NAME``: torchvision's models, pretrained where torchvision has weights."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.errors import UnknownName
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import Tensor, nn

_ANY: Final = 320
_FRAMES: Final = 16
_NAME: Final = re.compile(r"[a-z0-9_]{1,60}")


class Torchvision(ModelKind):
    """A model of torchvision, with its default weights."""

    name = "torchvision"
    form = "torchvision:NAME"
    rank = 1

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the model called ``name``."""
        from torchvision.models import get_model, get_model_builder, list_models

        if name not in list_models():
            raise UnknownName.among("torchvision model", name, list_models())
        with downloading(f"the pretrained weights of {name}", "download.pytorch.org"):
            if not random:
                return cast("nn.Module", get_model(name, weights="DEFAULT"))
            takes = inspect.signature(get_model_builder(name)).parameters
            parts = {"weights_backbone": None} if "weights_backbone" in takes else {}
            return cast("nn.Module", get_model(name, weights=None, **parts))

    def example(self, name: str) -> Any:
        """Return two random images of the size to which the default weights' preprocessing cuts.

        Detectors take any size; of videos it is sixteen frames.
        """
        import torch

        made = _preprocessing(name)
        size = getattr(made, "crop_size", None) or getattr(made, "resize_size", None) or _ANY
        height, width = (size[0], size[-1]) if isinstance(size, list | tuple) else (size, size)
        video = type(made).__name__ == "VideoClassification"
        return torch.randn(2, 3, *((_FRAMES,) if video else ()), height, width)

    def transform(self, name: str) -> Callable[[Any], Tensor] | None:
        """Return the preprocessing that the default weights name."""
        return cast("Callable[[Any], Tensor]", _preprocessing(name))

    def is_name(self, text: str) -> bool:
        """Whether ``text`` looks like one of torchvision's names."""
        return _NAME.fullmatch(text) is not None


def _preprocessing(name: str) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(name)["DEFAULT"].transforms()


KIND = Torchvision()
