"""Where a trace of a model stopped, and which part of the model can be studied instead."""

import itertools
import traceback

from torch import nn

from prunescope.capture.known_constants import hangs_on_data
from prunescope.user_code.blame import error_place, printed_place


def stopped_place(error: BaseException) -> str:
    """Return ``file.py:12``, the line of ``forward()`` that stopped it; of a library's if no other.

    Empty where no line is known.
    """
    theirs = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] != __name__.partition(".")[0]
    ]
    printed = "".join(traceback.StackSummary.extract(theirs).format())
    return error_place(error) or printed_place(printed)


def next_step(model: nn.Module, error: BaseException) -> str:
    """Return what to do about it, a sentence.

    Where the trace stopped at a value that hangs on data, as detectors choose their boxes, the
    largest part that stands before the one that it stopped in is named.
    """
    part, other = _stopped_in(model, error), ""
    if hangs_on_data(error):
        children = dict(model.named_children())
        before = itertools.takewhile(lambda name: name != part, children)
        sizes = {
            name: sum(parameter.numel() for parameter in children[name].parameters())
            for name in before
        }
        other = max(sizes, key=lambda name: sizes[name], default="")
    if other and sizes[other]:
        return (
            f"What {part or 'its end'} does hangs on values; for groups, study {other} by itself: "
            f"a function that returns model.{other}, and data as it takes them."
        )
    return "For groups, rewrite that part of forward()."


def _stopped_in(model: nn.Module, error: BaseException) -> str:
    """The child of ``model`` whose ``forward()`` was running; empty for the model's own."""
    children = {id(module): name for name, child in model.named_children()
                for module in child.modules()}  # fmt: skip
    inside = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        inside = children.get(id(frame.f_locals.get("self")), inside)
    return inside
