"""ONNX files: parsed without running anything, and without files that lie elsewhere.

A tensor of an ONNX file may lie in another file, at a path that the ONNX file names; a path out of
the folder would read whatever the user may read.
"""

from pathlib import Path, PurePosixPath
from typing import Any, Final

from prunescope.errors import DamagedFile, UnsafeFile
from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_BYTES: Final = 2 << 30
_DEPTH: Final = 60
_PARTS: Final = 5_000_000
_EXTERNAL: Final = 1


def read_onnx(path: Path) -> Any:
    """Return the ``ModelProto`` in ``path``, none of whose tensors lies outside of its folder.

    Raises:
        UnsafeFile: It names a file outside of its folder, or needs code that is not in ONNX.
        DamagedFile: It is no ONNX file, or larger than 2 GiB.
    """
    import onnx

    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refusal(f"it has more than {exact(MOST_BYTES)} bytes", damage=True)
        model = onnx.load_model(str(path), load_external_data=False)
        _check(model, path.parent.resolve())
    except Refusal as refusal:
        kind = DamagedFile if refusal.damage else UnsafeFile
        raise kind(
            f"Expected {path} to be an ONNX model of its own, but {refusal.reason}. Export it "
            "again."
        ) from refusal
    except Exception as error:  # protobuf has its own tree of errors
        raise DamagedFile(
            f"Expected {path} to be an ONNX model, but it cannot be read "
            f"({type(error).__name__}). Export it again."
        ) from error
    return model


def _check(model: Any, folder: Path) -> None:
    if not model.ir_version or not model.HasField("graph"):
        raise Refusal("it holds no graph", damage=True)
    seen = 0
    level = [model]
    for _ in range(_DEPTH):
        inner: list[Any] = []
        for message in level:
            seen += 1
            if seen > _PARTS:
                raise Refusal(f"it has more than {exact(_PARTS)} parts")
            if message.DESCRIPTOR.name == "TensorProto":
                _require_inside(message, folder)
            else:
                inner += _parts(message)
        level = inner
        if not level:
            return
    raise Refusal(f"it is nested deeper than {_DEPTH} levels")


def _parts(message: Any) -> list[Any]:
    found: list[Any] = []
    for field, value in message.ListFields():
        if field.message_type is not None:
            found += [value] if hasattr(value, "DESCRIPTOR") else list(value)
    return found


def _require_inside(tensor: Any, folder: Path) -> None:
    if tensor.data_location != _EXTERNAL and not tensor.external_data:
        return
    said = {entry.key: entry.value for entry in tensor.external_data}
    location = said.get("location", "")
    pure = PurePosixPath(location.replace("\\", "/"))
    if not location or pure.is_absolute() or ".." in pure.parts or ":" in location:
        raise Refusal(f"its tensor {quoted(tensor.name)} lies at {quoted(location)}")
    file = folder / pure
    if file.is_symlink() or folder not in file.resolve().parents or not file.is_file():
        raise Refusal(f"its tensor {quoted(tensor.name)} lies at {quoted(location)}")
    offset, length = (said.get(name) or "0" for name in ("offset", "length"))
    if not (offset.isdecimal() and length.isdecimal()):
        raise Refusal(f"its tensor {quoted(tensor.name)} has no whole offset and length")
    if int(offset) + int(length) > file.stat().st_size:
        raise Refusal(f"its tensor {quoted(tensor.name)} claims more than {location} holds")
