"""Which line of the user's own files an error, or a running call, stands at. Torch-free."""

import functools
import os
import re
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

_OURS: Final = "prunescope"
_LIBRARIES: Final = ("torch", "torchvision", "numpy", "importlib", "safetensors", "onnxruntime")
_NOTEBOOK: Final = ("<ipython-input", "<stdin>")

_PRINTED: Final = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)

Place = tuple[str, int, str]
"""File, line and name of the module."""


def error_place(error: BaseException) -> str:
    """Return ``file.py:12``, the last line of the user's code that ``error`` went through, or ''.

    Of a ``SyntaxError`` it is the line that cannot be read.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _shown(error.filename, error.lineno)
    return _last(_of_traceback(error.__traceback__))


def running_place(frame: FrameType | None) -> str:
    """Return ``file.py:12``, where the user's code stands whose innermost frame is ``frame``."""
    stack = traceback.walk_stack(frame)  # the innermost first
    return _last(reversed([_place(frame, line) for frame, line in stack]))


def printed_place(trace: str) -> str:
    """Return ``file.py:12`` of the printed stack ``trace``, as ``error_place`` does of an error.

    Where all of it is torchvision's or another library's, the last line outside of torch.
    """
    places = [
        (file, int(line))
        for file, line in _PRINTED.findall(trace)
        if _package(file) != "torch" and not file.startswith("torch/")
    ]
    own = _last((file, line, _package(file)) for file, line in places)
    if own or not places:
        return own
    file, line = places[-1]
    return f"{file.rpartition('-packages/')[2]}:{line}"


def _package(file: str) -> str:
    """The package that an installed file belongs to."""
    return file.rpartition("-packages/")[2].partition("/")[0]


def _of_traceback(trace: TracebackType | None) -> Iterator[Place]:
    for frame, line in traceback.walk_tb(trace):
        yield _place(frame, line)


def _place(frame: FrameType, line: int) -> Place:
    return frame.f_code.co_filename, line, str(frame.f_globals.get("__name__", ""))


def _last(places: Iterable[Place]) -> str:
    """The last place in the user's own files; in an installed package's where there is none."""
    own = installed = ""
    for file, line, module in places:
        package = module.partition(".")[0]
        if package == _OURS or (file.startswith("<") and not file.startswith(_NOTEBOOK)):
            continue
        if not _installed(file):
            own = _shown(file, line)
        elif package not in _LIBRARIES and not _standard(file):
            installed = _shown(file, line)
    return own or installed


@functools.cache
def _folders(*names: str) -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({os.path.join(os.path.realpath(paths[name]), "") for name in names})


def _standard(file: str) -> bool:
    inside = os.path.realpath(file).startswith(_folders("stdlib", "platstdlib"))
    return inside and "-packages" not in file


def _installed(file: str) -> bool:
    folders = _folders("stdlib", "platstdlib", "purelib", "platlib")
    return "-packages" in file or os.path.realpath(file).startswith(folders)


def _shown(file: str, line: int) -> str:
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path}:{line}"
