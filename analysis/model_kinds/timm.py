"""``timm:NAME``: the models of timm, pretrained where timm has weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.errors import UnknownName
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAME: Final = re.compile(r"[a-z0-9_]{1,80}(\.[a-z0-9_]{1,60})?")


class Timm(ModelKind):
    """A model of timm; a tag behind a dot chooses among its weights."""

    name = "timm"
    form = "timm:NAME"
    packages = ("timm",)
    rank = 2

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the model called ``name``."""
        self.require_packages(f"timm:{name}")
        import timm

        if not timm.is_model(name):
            raise UnknownName.among("timm model", name, timm.list_models())
        with downloading(f"the pretrained weights of {name}", "huggingface.co"):
            return cast("nn.Module", timm.create_model(name, pretrained=not random))

    def example(self, name: str) -> Any:
        """Return two random images of the size that the model was trained with."""
        self.require_packages(f"timm:{name}")
        import torch

        return torch.randn(2, *_configuration(name)["input_size"])

    def transform(self, name: str) -> Callable[[Any], Tensor] | None:
        """Return the preprocessing that timm names for the model."""
        self.require_packages(f"timm:{name}")
        from timm.data import create_transform

        return cast("Callable[[Any], Tensor]", create_transform(**_configuration(name)))

    def is_name(self, text: str) -> bool:
        """Whether ``text`` looks like one of timm's names."""
        return _NAME.fullmatch(text) is not None


def _configuration(name: str) -> dict[str, Any]:
    import timm
    from timm.data import resolve_data_config

    if not timm.is_model(name):
        raise UnknownName.among("timm model", name, timm.list_models())
    known = timm.get_pretrained_cfg(name)
    return dict(resolve_data_config({}, pretrained_cfg=known.to_dict() if known else {}))


KIND = Timm()
