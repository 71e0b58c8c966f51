"""The tensors of a ``.pt2``: which member each lies in, and whether its sizes fit in there."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from prunescope.fence.json_text import boolean, integer, mapping, maybe, parsed, struct, text, union
from prunescope.fence.pt2_program import dotted_name, tensor_meta
from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_BYTES: Final = 64 << 20
_FILE: Final = {
    "weights": re.compile(r"weight_\d{1,9}"), "constants": re.compile(r"tensor_\d{1,9}"),
}  # fmt: skip
_WIDTHS: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2,
    29: 1, 30: 1, 31: 1, 32: 1, 33: 1, 34: 4, 35: 8,
}  # fmt: skip
"""Bytes of an element, by ``ScalarType`` of torch's schema."""
_STRIDED: Final = 7
_SPREAD: Final = 4
_FREE: Final = 1 << 30

_size = union({"as_int": integer(0, 1 << 47)})
_listed = struct(
    {
        "config": mapping(
            dotted_name,
            struct(
                {
                    "path_name": text(200), "is_param": boolean, "use_pickle": boolean,
                    "tensor_meta": maybe(tensor_meta(_size)),
                }
            ),
        )
    }
)  # fmt: skip


def check_payloads(kind: str, content: bytes, sizes: Mapping[str, int]) -> None:
    """Refuse a list of tensors that holds pickles, or sizes that do not fit their members.

    Args:
        kind: ``weights`` or ``constants``.
        content: The list, as JSON.
        sizes: Bytes of every member in ``data/KIND/``, by name.

    Raises:
        Refusal: A tensor is a pickle, is missing, or claims more than its member holds.
    """
    listed = parsed(content, MOST_BYTES)
    _listed(listed)
    logical = 0
    for name, entry in listed["config"].items():
        if entry["use_pickle"]:
            raise Refusal(f"{quoted(name)} is a pickled object")
        file, meta = entry["path_name"], entry["tensor_meta"]
        if not _FILE[kind].fullmatch(file) or meta is None:
            raise Refusal(f"{quoted(name)} is {quoted(file)}, which is no tensor")
        if file not in sizes:
            raise Refusal(f"{quoted(file)} of {quoted(name)} is missing", damage=True)
        logical += _require_fits(name, meta, sizes[file])
    most = max(_FREE, _SPREAD * sum(sizes.values()))
    if logical > most:
        raise Refusal(
            f"its tensors claim {exact(logical)} bytes and hold {exact(sum(sizes.values()))}"
        )


def _require_fits(name: str, meta: dict[str, Any], size: int) -> int:
    width = _WIDTHS.get(meta["dtype"])
    if width is None or meta["layout"] != _STRIDED:
        raise Refusal(f"{quoted(name)} is no dense tensor of a known type")
    sizes = [each["as_int"] for each in meta["sizes"]]
    strides = [each["as_int"] for each in meta["strides"]]
    if len(sizes) != len(strides):
        raise Refusal(f"{quoted(name)} has another number of sizes than of strides", damage=True)
    elements = math.prod(sizes)
    if not elements:
        return 0
    last = sum((one - 1) * stride for one, stride in zip(sizes, strides, strict=True))
    if (meta["storage_offset"]["as_int"] + last + 1) * width > size:
        raise Refusal(f"{quoted(name)} claims more than the {exact(size)} bytes of its member")
    return int(elements * width)
