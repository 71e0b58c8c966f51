"""A model from its reference."""

from pathlib import Path

import torch
from torch import nn

from prunescope.capture.fresh_copy import merge_masks, unwrapped
from prunescope.errors import BadReference, BadValue
from prunescope.model_kinds.registry import forms, kind_of
from prunescope.sources.check_model import require_usable
from prunescope.sources.functions import find_function, is_function, require_kept
from prunescope.sources.pt2 import load_program
from prunescope.sources.weights import load_weights, pour
from prunescope.study import Reference
from prunescope.user_code.guard import guarded


def load_model(reference: Reference) -> nn.Module:
    """Return the model that ``reference`` names, with its weights, in evaluation mode.

    Raises:
        BadReference: The reference has no known form or leads nowhere.
        UnknownName: Its kind has no such model.
        DataMismatch: The weights do not fit.
        UnsafeFile: The weights are a pickle that holds more than tensors.
    """
    text = reference.model
    require_kept("model", text)
    named = kind_of(text)
    if named is not None:
        kind, name = named
        torch.manual_seed(0)
        model = kind.load(name, reference.random or reference.weights is not None)
    elif text.endswith(".pt2"):
        model = load_program(Path(text))
    elif is_function(text):
        model = _built(text)
    else:
        raise BadReference(
            f"Expected a model as {forms()}, but got {text!r}. For example sample:resnet20."
        )
    model = unwrapped(model)
    require_usable(model, text)
    merge_masks(model)
    if reference.weights is not None:
        pour(model, load_weights(Path(reference.weights), model), reference.weights)
    for parameter in model.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    if text.endswith(".pt2"):
        return model
    with guarded(f"{text} to go into evaluation mode", "Mend its eval() and train()."):
        model.eval()  # what it returns depends on the user's own train()
    return model


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
