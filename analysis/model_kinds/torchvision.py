"""``torchvision:NAME``: torchvision's models, pretrained where torchvision has weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.errors import UnknownName
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAME: Final = re.compile(r"[a-z0-9_]{1,60}")


class Torchvision(ModelKind):
    """A model of torchvision, with its default weights."""

    name = "torchvision"
    form = "torchvision:NAME"
    rank = 1

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the model called ``name``."""
        from torchvision.models import get_model, list_models

        if name not in list_models():
            raise UnknownName.among("torchvision model", name, list_models())
        with downloading(f"the pretrained weights of {name}", "download.pytorch.org"):
            return cast("nn.Module", get_model(name, weights=None if random else "DEFAULT"))

    def example(self, name: str) -> Any:
        """Return two random images of the size to which the default weights' preprocessing cuts."""
        import torch

        crop = _preprocessing(name).crop_size
        side = crop[0] if isinstance(crop, list | tuple) else crop
        return torch.randn(2, 3, side, side)

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
