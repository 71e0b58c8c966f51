"""``ultralytics:NAME``: the networks of ultralytics, such as ``ultralytics:yolo11n``.

Ultralytics publishes weights as pickled objects, which run code when they are loaded. So a network
is built from its description, and its weights come from a file of tensors or are random.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.commands import next_steps
from prunescope.errors import BadReference
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import nn

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{1,60}")
_SIDE: Final = 640


class Ultralytics(ModelKind):
    """A detector, segmenter or classifier of ultralytics."""

    name = "ultralytics"
    form = "ultralytics:NAME"
    packages = ("ultralytics",)
    downloads = False
    rank = 4

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the network called ``name``, random: weights come from a file of tensors."""
        text = f"ultralytics:{name}"
        self.require_packages(text)
        if not self.is_name(name):
            raise BadReference(
                f"Expected a name such as ultralytics:yolo11n, but got {text!r}. Leave out what "
                "ends in .pt or .yaml."
            )
        if not random:
            raise BadReference(
                f"Expected {next_steps.weights_file()} or {next_steps.random_weights()} for "
                f"{text}, but got neither: ultralytics publishes weights as pickled objects, which "
                "could run code. Where you trust them, save their tensors once with "
                "safetensors.torch.save_model(YOLO(FILE).model, 'weights.safetensors')."
            )
        with downloading(f"the description of {name}", "its package", weights=False):
            from ultralytics import YOLO  # type: ignore[attr-defined,unused-ignore]

            return cast("nn.Module", YOLO(f"{name}.yaml", verbose=False).model)

    def example(self, name: str) -> Any:
        """Return two random images of 640 x 640 pixels."""
        del name
        import torch

        return torch.rand(2, 3, _SIDE, _SIDE)

    def is_name(self, text: str) -> bool:
        """Whether ``text`` looks like one of ultralytics' names."""
        return _NAME.fullmatch(text) is not None and not text.endswith((".pt", ".yaml"))


KIND = Ultralytics()
