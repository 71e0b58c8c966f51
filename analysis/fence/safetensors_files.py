"""Weights as safetensors: the header's types, sizes and offsets against the file's length."""

import math
from pathlib import Path
from typing import Any, Final

from prunescope.errors import DamagedFile
from prunescope.fence.json_text import integer, items, mapping, parsed, struct, text
from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_HEADER: Final = 64 << 20
_BITS: Final = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
    "U64": 64, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
}  # fmt: skip
_place = integer(0, 1 << 50)
_tensor = struct({"dtype": text(20), "shape": items(_place, 64), "data_offsets": items(_place, 2)})
_notes = mapping(text(1000), text(10_000_000))


def require_honest_tensors(path: Path) -> None:
    """Raise ``DamagedFile`` unless the header of ``path`` describes exactly what follows it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(MOST_HEADER, size - 8):
                raise Refusal(
                    f"its header claims {exact(length)} of {exact(size)} bytes", damage=True
                )
            header = parsed(file.read(length), MOST_HEADER)
        _check(header, size - 8 - length)
    except OSError as error:
        raise DamagedFile(
            f"Expected {path} to be a safetensors file, but got: {error.strerror}. Check the path."
        ) from error
    except Refusal as refusal:
        where = f" (at {refusal.place})" if refusal.place else ""
        raise DamagedFile(
            f"Expected {path} to be a safetensors file, but got: {refusal.reason}{where}. Download "
            "or save it again."
        ) from refusal


def _check(header: Any, room: int) -> None:
    if not isinstance(header, dict):
        raise Refusal(f"its header is {quoted(header)}", damage=True)
    spans = []
    for name, entry in header.items():
        try:
            if name == "__metadata__":
                _notes(entry)
            else:
                spans.append(_span(entry))
        except Refusal as refusal:
            raise refusal.within(name) from None
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise Refusal("its tensors overlap or leave gaps", damage=True)
        end = stop
    if end != room:
        raise Refusal(f"its tensors take {exact(end)} bytes and {exact(room)} follow", damage=True)


def _span(entry: Any) -> tuple[int, int]:
    _tensor(entry)
    bits, offsets = _BITS.get(entry["dtype"]), entry["data_offsets"]
    if bits is None:
        raise Refusal(f"its type is {quoted(entry['dtype'])}")
    if len(offsets) != 2 or (offsets[1] - offsets[0]) * 8 != math.prod(entry["shape"]) * bits:
        raise Refusal("its offsets do not fit its shape", damage=True)
    return offsets[0], offsets[1]
