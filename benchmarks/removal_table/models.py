"""Public models with cheap random weights, and a small batch for each."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest import mock

import torch
from torch import Tensor, nn

from benchmarks.removal_table import (
    hugging_face,
    other_libraries,
    timm_models,
    tiny_transformers,
    torchvision_models,
)
from benchmarks.removal_table.inputs import Inputs

Maker = Callable[[str], tuple[nn.Module, Inputs]]

LIBRARIES: Final[dict[str, tuple[Maker, tuple[str, ...]]]] = {
    "transformers": (hugging_face.transformers_model, tuple(tiny_transformers.TRANSFORMERS)),
    "timm": (timm_models.timm_model, timm_models.TIMM),
    "diffusers": (hugging_face.diffusers_model, hugging_face.DIFFUSERS),
    "segmentation_models_pytorch": (
        other_libraries.segmentation_model, other_libraries.SEGMENTATION
    ),
    "monai": (other_libraries.monai_model, tuple(other_libraries.MONAI)),
    "torchaudio": (other_libraries.audio_model, other_libraries.AUDIO),
    "torch_geometric": (other_libraries.geometric_model, other_libraries.GEOMETRIC),
    "ultralytics": (other_libraries.ultralytics_model, other_libraries.ULTRALYTICS),
}  # fmt: skip
"""Library → what makes a model of it, and the names of its models; torchvision's have no prefix."""

_NORM_GAINS: Final = {"efficientnet_v2_l": 0.4, "efficientnet_v2_m": 0.4}
"""Models whose random outputs would span so much (1e10) that float32 says nothing about the law:
79 residual blocks, each of which adds. Their norms' weights are drawn around this instead of 1."""


def library_of(name: str) -> str:
    """Return the library of the model ``name``.

    >>> library_of("resnet18"), library_of("timm:resnet18")
    ('torchvision', 'timm')
    """
    return name.rpartition(":")[0] or "torchvision"


def names(of: str) -> list[str]:
    """Return the models of a library, or of ``all``."""
    sets = {"torchvision": torchvision_models.torchvision_names()} | {
        library: [f"{library}:{name}" for name in known]
        for library, (_, known) in LIBRARIES.items()
    }
    return sets[of] if of != "all" else [name for group in sets.values() for name in group]


def build(name: str) -> tuple[nn.Module, Inputs]:
    """Return a model with random weights in evaluation mode, and a batch of three samples.

    Biases and running statistics are random as well, so that a unit that is not really silent
    shows. The models' own initialisers, which take minutes for the large ones, do nothing.
    """
    library, _, own = name.rpartition(":")
    make = LIBRARIES[library][0] if library else torchvision_models.torchvision_model
    torch.manual_seed(0)
    with _without_initialisers():
        model, inputs = make(own)
    _fill(model, _NORM_GAINS.get(own, 1.0))
    return model.eval(), inputs


@contextlib.contextmanager
def _without_initialisers() -> Iterator[None]:
    """Let every function of ``torch.nn.init`` return its tensor as it is."""

    def untouched(tensor: Tensor, *_: Any, **__: Any) -> Tensor:
        return tensor

    known: dict[str, Any] = {
        name: untouched
        for name in dir(torch.nn.init)
        if name.endswith("_") and not name.startswith("_")
    }
    with mock.patch.multiple(torch.nn.init, **known):
        yield


@torch.no_grad()
def _fill(model: nn.Module, gain: float) -> None:
    """Draw weights with He's variance, those of norms around ``gain``, the rest around 1 or 0."""
    generator = torch.Generator().manual_seed(0)
    statistics = [
        (name, value)
        for name, value in model.named_buffers()
        if name.endswith(("running_mean", "running_var"))
    ]
    for name, value in [*model.named_parameters(), *statistics]:
        if not value.is_floating_point():
            continue
        if value.numel() > max(value.shape, default=1):
            reach = math.sqrt(6 * value.shape[0] / value.numel())
            value.uniform_(-reach, reach, generator=generator)
        elif name.endswith(("weight", "var")):
            value.uniform_(0.5, 1.5, generator=generator)
            value *= gain if name.endswith("weight") else 1.0
        else:
            value.uniform_(-0.5, 0.5, generator=generator)
