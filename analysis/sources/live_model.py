"""A live module as the engine needs it: a copy of its own, so that the user's stays untouched."""

import contextlib
import copy
import re

from torch import nn

from prunescope.capture.fresh_copy import merge_masks, not_copied, unwrapped
from prunescope.errors import BadValue
from prunescope.sources.check_model import require_usable
from prunescope.user_code.guard import guarded


def copied_model(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` on the CPU, in evaluation mode, ready for gradients.

    ``model`` itself is only read. Of a compiled module or a data-parallel wrapper it is the module
    inside that is copied, and masks of ``torch.nn.utils.prune`` become zeros in its weights.

    Raises:
        BadValue: The module cannot be copied.
    """
    require_usable(unwrapped(model), model_name(model))
    with guarded(
        f"{model_name(model)} to be a module that can be copied",
        "Give the model as file.py:function, a function that returns it.",
        BadValue,
        "copying the model",
    ):
        inner = unwrapped(model)
        memo = not_copied(inner)
        made = copy.deepcopy(inner, memo).cpu()
        merge_masks(made)
    for parameter in made.parameters():
        parameter.grad = None
        parameter.requires_grad_(parameter.is_floating_point())
    with contextlib.suppress(NotImplementedError):  # a program stays in the mode of its export
        made.eval()
    return made


def model_name(model: nn.Module) -> str:
    """Return what to call a live module in names of files: its class.

    >>> model_name(nn.Linear(1, 1))
    'Linear'
    """
    return re.sub(r"\W", "", type(unwrapped(model)).__name__) or "model"
