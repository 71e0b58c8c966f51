"""Write a safetensors file piece by piece, so that no tensor is ever copied whole.

The format (https://huggingface.co/docs/safetensors): the length of a JSON header, the header, and
the values of all tensors one behind the other. Bytes are those of ``safetensors.torch.save_file``,
which wants tensors that are contiguous and share no memory, that is a copy of whatever does.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from prunescope.data_kinds.large_samples import pieces

_CODES: Final = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8",
    torch.float8_e5m2: "F8_E5M2", torch.float8_e4m3fn: "F8_E4M3", torch.int16: "I16",
    torch.uint16: "U16", torch.float16: "F16", torch.bfloat16: "BF16", torch.int32: "I32",
    torch.uint32: "U32", torch.float32: "F32", torch.complex64: "C64", torch.float64: "F64",
    torch.int64: "I64", torch.uint64: "U64",
}  # fmt: skip
"""In the order in which narrow types stand behind wide ones, so that every value is aligned."""
_ORDER: Final = {dtype: place for place, dtype in enumerate(_CODES)}
_ALIGNED: Final = 8


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Write ``tensors`` to ``path``, a few megabytes at a time.

    Args:
        tensors: By name; of any layout, and they may share memory.
        path: Of a file that nobody reads yet.
        metadata: Texts of the header.

    Raises:
        OSError: The disk refuses.
        TypeError: The format has no such type of number.
    """
    strange = [str(tensor.dtype) for tensor in tensors.values() if tensor.dtype not in _CODES]
    if strange:
        raise TypeError(f"safetensors files hold no {strange[0]}")
    names = sorted(tensors, key=lambda name: (-_ORDER[tensors[name].dtype], name))
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name in names:
        tensor = tensors[name]
        begin, end = end, end + tensor.nbytes
        shape = list(tensor.shape)
        header[name] = {
            "dtype": _CODES[tensor.dtype], "shape": shape, "data_offsets": [begin, end],
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            for piece in raw_pieces(tensors[name]):
                file.write(piece)


def raw_pieces(tensor: Tensor) -> Iterator[memoryview]:
    """Yield the bytes of ``tensor``, row after row, a few megabytes at a time.

    What lies in one piece in main memory is not copied at all.
    """
    rows = tensor.detach().reshape(1) if not tensor.ndim else tensor.detach()
    if not rows.numel():
        return
    for part in pieces(len(rows), rows.nbytes // len(rows)):
        piece = rows[part].cpu().contiguous().flatten().view(torch.uint8)
        yield piece.numpy().data
