"""A captured program (``.pt2``): every member of its archive, before torch opens it.

``torch.export.load`` unpickles what is no plain tensor, evaluates expressions, generates Python
from names, imports what nestings name and runs compiled kernels. Of all that, an archive of
``torch.export.save`` for a network needs nothing: it holds raw tensors, two lists of them, a graph
as JSON and example inputs.
"""

import io
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from prunescope.errors import DamagedFile, PrunescopeError, UnsafeFile
from prunescope.fence.archives import checked_members
from prunescope.fence.json_text import parsed
from prunescope.fence.pickles import check_saved
from prunescope.fence.pt2_payloads import check_payloads
from prunescope.fence.pt2_program import MOST_BYTES, program
from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

_TENSOR: Final = re.compile(r"data/(weights/weight|constants/tensor)_\d+")
_LIST: Final = re.compile(r"data/(weights|constants)/model_(weights|constants)_config\.json")
_MODEL: Final = "models/model.json"
_INPUTS: Final = "data/sample_inputs/model.pt"
_SMALL: Final = re.compile(
    r"byteorder|archive_format|archive_version|\.format_version|\.data/[\w.]+|extra/.+"
)
_NEEDED: Final = (
    _MODEL, "data/weights/model_weights_config.json", "data/constants/model_constants_config.json",
    _INPUTS, "archive_format", "archive_version",
)  # fmt: skip
_MOST_SMALL: Final = 16 << 20
_MOST_INPUTS: Final = 4 << 30
_SPARE: Final = 64 << 20
_LEAVES: Final = 10_000
_NESTED: Final = 50


def require_safe_program(path: Path) -> None:
    """Raise unless the ``.pt2`` file ``path`` holds only tensors and a graph of tensor operators.

    Raises:
        UnsafeFile: Something in it could run code or fill the memory when loaded.
        DamagedFile: It is no archive of ``torch.export.save``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive)
    except Refusal as refusal:
        raise _sentence(path, refusal) from refusal
    except Exception as error:  # whatever a damaged archive does to zipfile or to torch's reader
        raise DamagedFile(
            f"Expected {path} to be an archive of torch.export.save, but it cannot be read "
            f"({type(error).__name__}). Export the model again."
        ) from error


def _sentence(path: Path, refusal: Refusal) -> PrunescopeError:
    where = f" (at {refusal.place})" if refusal.place else ""
    if refusal.damage:
        return DamagedFile(
            f"Expected {path} to be an archive of torch.export.save, but {refusal.reason}{where}. "
            "Export the model again."
        )
    return UnsafeFile(
        f"Expected {path} to hold only tensors and a graph, but {refusal.reason}{where}, which "
        "could run code when loaded or fill the memory. Export the model again with "
        "torch.export.save, without custom objects."
    )


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    checked_members(archive, 20 * path.stat().st_size + _SPARE)
    folders = {entry.filename.partition("/")[0] for entry in entries}
    sizes = {entry.filename.partition("/")[2]: entry.file_size for entry in entries}
    if len(folders) != 1 or "" in sizes:
        raise Refusal("it has a member outside of its one folder")
    for name in sizes:
        _require_known(name, sizes[name])
    for name in _NEEDED:
        if name not in sizes:
            raise Refusal(f"it has no {name}", damage=True)
    (folder,) = folders
    reader = _same_reader(path, sizes)

    def read(name: str) -> bytes:
        content = archive.read(f"{folder}/{name}")
        if bytes(reader.get_record(name)) != content:
            raise Refusal(f"its {name} reads differently in two readers")
        return content

    for kind in ("weights", "constants"):
        name, prefix = f"data/{kind}/model_{kind}_config.json", f"data/{kind}/"
        own = {n.removeprefix(prefix): size for n, size in sizes.items() if n.startswith(prefix)}
        _member(name, partial(check_payloads, kind, read(name), own))
    _member(_MODEL, lambda: program(parsed(read(_MODEL), MOST_BYTES)))
    _member(_INPUTS, lambda: _check_inputs(read(_INPUTS)))


def _member(name: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Refusal as refusal:
        raise refusal.within(name) from None


def _require_known(name: str, size: int) -> None:
    if _TENSOR.fullmatch(name):
        return
    if name in (_MODEL, _INPUTS) or _LIST.fullmatch(name):
        most = _MOST_INPUTS if name == _INPUTS else MOST_BYTES
    elif _SMALL.fullmatch(name):
        most = _MOST_SMALL
    else:
        raise Refusal(f"its member {quoted(name)} is neither a tensor nor the graph")
    if size > most:
        raise Refusal(
            f"its member {quoted(name)} has {exact(size)} bytes, at most {exact(most)} are read"
        )


def _same_reader(path: Path, sizes: dict[str, int]) -> Any:
    """Torch's own reader, which must see the same members: it parses the archive another way."""
    import torch

    reader = torch._C.PyTorchFileReader(str(path))
    seen = {name: reader.get_record_size(name) for name in reader.get_all_records()}
    if seen != sizes:
        differ = sorted(set(seen.items()) ^ set(sizes.items()))
        raise Refusal(f"its member {quoted(differ[0][0])} is seen by one of two readers only")
    return reader


def _check_inputs(content: bytes) -> None:
    """Example inputs: tensors and numbers in lists and dictionaries, of bounded size."""
    if not content:
        return
    import torch

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        checked_members(archive, 20 * len(content) + _SPARE)
        check_saved(io.BytesIO(content), archive)
    try:
        inputs = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch would unpickle it without limits next
        raise Refusal("the example inputs hold more than tensors") from error
    level, leaves, logical = [inputs], 0, 0
    for _ in range(_NESTED):
        inner: list[Any] = []
        for value in level:
            leaves += 1
            if leaves > _LEAVES:
                raise Refusal(f"the example inputs have more than {exact(_LEAVES)} parts")
            if isinstance(value, dict):
                inner += [*value.keys(), *value.values()]
            elif isinstance(value, list | tuple):
                inner += value[: _LEAVES + 1]
            elif isinstance(value, torch.Tensor):
                logical += value.numel() * value.element_size()
            elif not isinstance(value, str | int | float | complex | bool | None):
                raise Refusal(f"the example inputs hold {quoted(type(value).__name__)}")
        level = inner
    if level or logical > max(1 << 30, 4 * len(content)):
        raise Refusal("the example inputs are larger than what the file holds")
