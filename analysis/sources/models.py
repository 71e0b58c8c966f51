"""A model from its reference."""

import warnings
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from prunescope.capture.fresh_copy import merge_masks, unwrapped
from prunescope.commands import next_steps
from prunescope.errors import BadReference, BadValue, UnknownName
from prunescope.sources.check_model import require_usable
from prunescope.sources.functions import find_function, is_function, require_kept
from prunescope.sources.pt2 import load_program
from prunescope.sources.weights import load_weights, pour
from prunescope.study import Reference
from prunescope.user_code.guard import guarded

GRAMMAR = (
    "sample:NAME, torchvision:NAME, path/to/file.py:function, package.module:function, or file.pt2"
)


def load_model(reference: Reference) -> nn.Module:
    """Return the model that ``reference`` names, with its weights, in evaluation mode.

    Raises:
        BadReference: The reference has no known form or leads nowhere.
        UnknownName: No such sample or torchvision model.
        DataMismatch: The weights do not fit.
        UnsafeFile: The weights are a pickle that holds more than tensors.
    """
    text = reference.model
    require_kept("model", text)
    kind, _, name = text.partition(":")
    if kind == "sample":
        model = _sample(name)
    elif kind == "torchvision":
        model = _torchvision(name, random=reference.random or reference.weights is not None)
    elif text.endswith(".pt2"):
        model = load_program(Path(text))
    elif is_function(text):
        model = _built(text)
    else:
        raise BadReference(
            f"Expected a model as {GRAMMAR}, but got {text!r}. For example sample:resnet20."
        )
    model = unwrapped(model)
    require_usable(model, text)
    merge_masks(model)
    if reference.weights is not None:
        pour(model, load_weights(Path(reference.weights)), reference.weights)
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    if text.endswith(".pt2"):
        return model
    with guarded(f"{text} to go into evaluation mode", "Mend its eval() and train()."):
        model.eval()  # what it returns depends on the user's own train()
    return model


def torchvision_transform(name: str) -> Any:
    """Return the preprocessing that torchvision's default weights of model ``name`` name."""
    from torchvision.models import get_model_weights

    return get_model_weights(name)["DEFAULT"].transforms()


def _sample(name: str) -> nn.Module:
    from prunescope.sample_models.registry import NAMES, load

    if name not in NAMES:
        raise UnknownName.among("sample model", name, NAMES)
    return load(name)


def _torchvision(name: str, random: bool) -> nn.Module:
    from torchvision.models import get_model, list_models

    if name not in list_models():
        raise UnknownName.among("torchvision model", name, list_models())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # initialisers announce their future defaults
            torch.manual_seed(0)
            return cast(nn.Module, get_model(name, weights=None if random else "DEFAULT"))
    except (OSError, RuntimeError) as error:
        raise BadReference(
            f"Expected the pretrained weights of {name} to download, but got: {error}. Go online, "
            f"name a file with {next_steps.weights_file()}, or take random weights with "
            f"{next_steps.random_weights()}."
        ) from error


def _built(text: str) -> nn.Module:
    function = find_function("model", text)
    torch.manual_seed(0)
    with guarded(
        f"{text} to return a model when called without arguments", "Give its arguments defaults.",
        doing="loading the model",
    ):  # fmt: skip
        model = function()
    if not isinstance(model, nn.Module):
        raise BadValue(
            f"Expected {text} to return an nn.Module, but got {type(model).__name__}. "
            "Return the model itself."
        )
    return model
