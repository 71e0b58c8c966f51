"""Values of a graph as Python source: only kinds that are known, so that nothing else is written.

Names and values may come from a file that somebody sent; source made of them is run.
"""

import keyword
import math
import re
from typing import Any, Final

import torch

from prunescope.errors import CannotCapture

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]*")
_TYPES: Final = {
    torch.float32: "torch.float32", torch.float64: "torch.float64", torch.float16: "torch.float16",
    torch.bfloat16: "torch.bfloat16", torch.int64: "torch.int64", torch.int32: "torch.int32",
    torch.int16: "torch.int16", torch.int8: "torch.int8", torch.uint8: "torch.uint8",
    torch.bool: "torch.bool",
}  # fmt: skip
_WORDS: Final = {"none", "tanh", "same", "valid", "zeros", "constant", "reflect", "replicate",
                 "circular"}  # fmt: skip
"""Texts that operators take as options."""


def literal(value: Any) -> str:
    """Return ``value`` as source.

    >>> literal([1, 2.5, None, True])
    '[1, 2.5, None, True]'

    Raises:
        CannotCapture: It is of a kind that is not known.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else f'float("{float(value)}")'
    if isinstance(value, str) and value in _WORDS:
        return f'"{value}"'
    if isinstance(value, torch.dtype) and value in _TYPES:
        return _TYPES[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    raise CannotCapture(f"it holds a value of the kind {type(value).__name__}")


def name(text: str) -> str:
    """Return ``text`` if it can be a name in source.

    Raises:
        CannotCapture: It cannot, or has a meaning of its own.
    """
    if not _NAME.fullmatch(text) or keyword.iskeyword(text) or text.startswith("__"):
        raise CannotCapture(f"{text[:60]!r} is no name in Python")
    return text


def is_number(text: str) -> bool:
    """Return whether a part of a name is the place in a list."""
    return _NUMBER.fullmatch(text) is not None
