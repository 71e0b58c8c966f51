"""Which functions a graph may call: torch's tensor operators, arithmetic on sizes, nothing else.

``torch.export.load`` walks a name such as ``torch.ops.aten.relu.default`` with ``getattr`` from
``torch``, ``math`` or ``operator`` and calls whatever it meets when the model runs:
``torch.hub.load`` and ``torch.serialization.os.system`` are reached like that. ``aten.from_file``
and ``aten.save`` write files. So names are looked up in torch's table of operators instead, and an
operator is accepted for what its signature says: tensors and numbers, and texts only under names
that are known to choose a variant (``mode``, ``padding``).
"""

import re
from functools import lru_cache
from typing import Any, Final

from prunescope.fence.refusal import Refusal, quoted

_OPERATOR: Final = re.compile(
    r"torch\.ops\.(aten|prims|torchvision|quantized_decomposed|prunescope)\.(\w{1,80})\.(\w{1,80})",
    re.ASCII,
)
_SIZES: Final = frozenset(
    f"_operator.{name}"
    for name in [
        "eq",
        "ne",
        "le",
        "ge",
        "lt",
        "gt",
        "neg",
        "pos",
        "mul",
        "add",
        "sub",
        "floordiv",
        "mod",
        "pow",
        "truediv",
        "and_",
        "or_",
        "lshift",
        "rshift",
        "abs",
    ]
) | frozenset(
    [
        "math.trunc",
        "math.ceil",
        "math.floor",
        "math.sqrt",
        "torch.sym_not",
        "torch.sym_int",
        "torch.sym_float",
        "torch.sym_ite",
        "torch.sym_max",
        "torch.sym_min",
        "torch.sym_sqrt",
        "torch._sym_sqrt",
        "torch.sym_sum",
    ]
)
_WITH_GRAPHS: Final = frozenset(
    f"torch.ops.higher_order.{name}"
    for name in [
        "wrap_with_set_grad_enabled",
        "wrap_with_autocast",
        "cond",
        "while_loop",
        "map_impl",
        "map",
        "scan",
        "associative_scan",
    ]
)
_VARIANTS: Final = frozenset(
    [
        "approximate",
        "rounding_mode",
        "mode",
        "padding",
        "indexing",
        "norm",
        "equation",
        "reduce",
        "ord",
        "p",
        "side",
        "interpolation",
        "pad_mode",
        "padding_side",
        "UPLO",
        "driver",
        "assert_msg",
        "activation",
    ]
)
_DENIED: Final = frozenset(
    [
        "from_file",
        "save",
        "warn",
        "_print",
        "format",
        "percentFormat",
        "set_",
        "resize_",
        "resize_as_",
        "as_strided_scatter_",
    ]
)
_DOTTED: Final = re.compile(r"[A-Za-z_][\w.<>$]{0,300}", re.ASCII)


def is_size_operator(name: str) -> bool:
    """Return whether ``name`` is arithmetic on sizes, whose arguments are numbers."""
    return name in _SIZES


def operator_name(value: Any) -> None:
    """Refuse everything but the name of a function that computes on tensors or on sizes."""
    if not isinstance(value, str) or not _is_known(value):
        raise Refusal(f"it calls {quoted(value)}, which is no operator on tensors")


def source_name(value: Any) -> None:
    """Refuse everything but a dotted name without hidden parts: it is looked up, never called."""
    if not isinstance(value, str) or not _DOTTED.fullmatch(value) or "__" in value:
        raise Refusal(f"it names {quoted(value)}, which is no function of a network")


@lru_cache(maxsize=5000)
def _is_known(name: str) -> bool:
    if name in _SIZES or name in _WITH_GRAPHS:
        return True
    parts = _OPERATOR.fullmatch(name)
    if parts is None or parts[2] in _DENIED:
        return False
    return _is_pure(f"{parts[1]}::{parts[2]}", "" if parts[3] == "default" else parts[3])


def _is_pure(name: str, overload: str) -> bool:
    """Whether torch's table has it, with tensors in or out and no text of unknown meaning."""
    import torch

    if name.startswith("torchvision::"):
        import torchvision  # noqa: F401 - registers its operators
    if name.startswith("prunescope::"):
        import prunescope.capture.grouped_product  # noqa: F401 - registers its operators
    try:
        schema = torch._C._get_schema(name, overload)
    except RuntimeError:
        return False
    kinds = [str(part.type) for part in (*schema.arguments, *schema.returns)]
    texts = [part.name for part in schema.arguments if "str" in str(part.type)]
    return (
        any("Tensor" in kind or kind in ("Scalar", "number") for kind in kinds)
        and all(text in _VARIANTS for text in texts)
        and not any("__torch__" in kind or "Storage" in kind or "Any" in kind for kind in kinds)
    )
