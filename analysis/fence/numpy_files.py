"""Arrays of numpy (``.npz``): headers read as text, sizes compared with what the members hold."""

import ast
import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from prunescope.errors import DataMismatch
from prunescope.fence.archives import checked_members
from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_HEADER: Final = 10_000
_MAGIC: Final = b"\x93NUMPY"
_NUMBERS: Final = re.compile(r"[<>|=]?([biufc])(\d{1,2})")
_FIELDS: Final = {"descr", "fortran_order", "shape"}


@dataclass(frozen=True)
class ArrayHeader:
    """What an array says of itself: its type (``<f4``), its shape, and the bytes of the header."""

    kind: str
    shape: tuple[int, ...]
    offset: int

    @property
    def bytes(self) -> int:
        """What the values take, after the header."""
        width = _NUMBERS.fullmatch(self.kind)
        return math.prod(self.shape) * (int(width[2]) if width else 0)


def require_plain_arrays(path: Path) -> None:
    """Raise ``DataMismatch`` unless ``path`` is an archive of arrays of numbers of honest size.

    Nothing is unpacked but the headers, so an array that claims terabytes costs nothing.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for name in checked_members(archive):
                if not name.endswith(".npy"):
                    raise Refusal(f"its member {quoted(name)} is no array")
                with archive.open(name) as file:
                    _require_honest(name, read_header(file), archive.getinfo(name).file_size)
    except Refusal as refusal:
        raise DataMismatch(
            f"Expected {path} to hold plain arrays, but {refusal.reason}. Save it with "
            "numpy.savez from arrays of numbers."
        ) from refusal
    except Exception as error:  # whatever a damaged archive does to zipfile
        raise DataMismatch(
            f"Expected {path} to hold plain arrays, but got: {str(error).rstrip('.')}. Save it "
            "with numpy.savez from arrays of numbers."
        ) from error


def read_header(file: IO[bytes]) -> ArrayHeader:
    """Return the header at the start of ``file``; raises ``Refusal`` when it is none."""
    start = file.read(10)
    if start[:6] != _MAGIC or len(start) < 10 or start[6] not in (1, 2, 3):
        raise Refusal("it holds a member that is no array", damage=True)
    length, offset = int.from_bytes(start[8:10], "little"), 10
    if start[6] > 1:
        length, offset = int.from_bytes(start[8:10] + file.read(2), "little"), 12
    if length > MOST_HEADER:
        raise Refusal(f"the header of an array has {exact(length)} bytes")
    try:
        header = ast.literal_eval(file.read(length).decode("utf-8").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise Refusal("the header of an array is damaged", damage=True) from error
    if not isinstance(header, dict) or set(header) != _FIELDS:
        raise Refusal("the header of an array is damaged", damage=True)
    kind, shape = header["descr"], header["shape"]
    if not isinstance(kind, str) or not (_NUMBERS.fullmatch(kind) or kind.lstrip("|") == "?"):
        raise Refusal(f"it holds an array of {quoted(kind)}, not of numbers")
    if not isinstance(shape, tuple) or len(shape) > 32:
        raise Refusal(f"it holds an array of the shape {quoted(shape)}")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise Refusal(f"it holds an array of the shape {quoted(shape)}")
    return ArrayHeader(kind, shape, offset + length)


def _require_honest(name: str, header: ArrayHeader, size: int) -> None:
    if header.bytes != size - header.offset:
        raise Refusal(
            f"{name.removesuffix('.npy')} claims {exact(header.bytes)} bytes "
            f"(shape {header.shape}) and holds {exact(size - header.offset)}"
        )
