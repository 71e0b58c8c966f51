"""A live function: where it can be found again, and a hash of all that it computes with."""

import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np
from torch import Tensor

from prunescope.errors import BadValue
from prunescope.sources.file_loader import FileLoader
from prunescope.sources.functions import source_hash
from prunescope.study.manifest import LIVE


def function_name(function: Callable[..., Any]) -> str:
    """Return the reference under which ``function`` can be found again, or its live name.

    A function at the top level of a module that lies below the present folder is
    ``path/file.py:function``; of any other module ``package.module:function``. A lambda, a closure
    and a function of a notebook's cell stand in no file: they are ``live:NAME``.
    """
    name = getattr(function, "__name__", type(function).__name__)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or getattr(module, name, None) is not function:
        return f"{LIVE}{''.join(c if c.isalnum() else '_' for c in name)}"
    file = getattr(module, "__file__", None)
    if not file or not Path(file).is_file():
        return f"{LIVE}{name}"
    path = Path(file).resolve()
    if path.is_relative_to(Path.cwd()):
        return f"{path.relative_to(Path.cwd())}:{name}"
    if module.__name__ == "__main__" or module.__name__.startswith("_prunescope_"):
        return f"{path}:{name}"
    return f"{module.__name__}:{name}"


def function_hash(function: Callable[..., Any], what: str) -> str:
    """Return a hash of what ``function`` computes: of its source, and of the values that it reads.

    For a function in a file it is ``source_hash``, over the whole file. Of others the code counts,
    with defaults, closed-over values and globals that it reads: numbers, text, arrays, tensors and
    functions by their content, modules by name.

    Args:
        function: Any callable.
        what: What it is for, for errors.

    Raises:
        BadValue: It reads a value that cannot be told from a changed one.
    """
    if not function_name(function).startswith(LIVE):
        return source_hash(function)
    digest = hashlib.sha256()
    _add(digest.update, function, what, ())
    return digest.hexdigest()[:16]


def require_as_imported(function: Callable[..., Any], reference: str) -> None:
    """Raise ``BadValue`` where the file of ``function`` was edited after it was imported.

    What is hashed is the file, and what would run is the older code. A function that stands in no
    file, or that a decorator or an import hook made, is taken as it is.
    """
    code = getattr(function, "__code__", None)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    if reference.startswith(LIVE) or code is None or not isinstance(loader, SourceFileLoader):
        return
    if type(loader) not in (SourceFileLoader, FileLoader):  # an import hook's
        return
    try:
        content = Path(loader.path).read_bytes()
        now = [*_codes_named(compile(content, loader.path, "exec"), code.co_qualname)]
    except (OSError, SyntaxError, ValueError):
        now = []
    if _instructions(code) not in map(_instructions, now):
        raise BadValue(
            f"Expected {reference} as its file has it now, but the file was edited after it was "
            "imported. Import it again (importlib.reload), or start a fresh process."
        )


def _codes_named(code: CodeType, name: str) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                yield constant
            yield from _codes_named(constant, name)


def _instructions(code: CodeType) -> tuple[Any, ...]:
    """What a function does, whatever its line numbers."""
    inner = tuple(
        _instructions(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts
    )
    return code.co_code, code.co_names, inner


def _add(update: Callable[[bytes], None], value: Any, what: str, above: tuple[int, ...]) -> None:
    """Feed ``value`` to a hash, as far as it is plain."""
    if id(value) in above:
        update(b"recursion")
        return
    inside = (*above, id(value))
    if isinstance(value, Tensor | np.ndarray):
        array = np.ascontiguousarray(
            value.detach().cpu().float().numpy() if isinstance(value, Tensor) else value
        )
        update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes | Path):
        update(f"{type(value).__name__}={value!r};".encode())
    elif isinstance(value, ModuleType):
        update(f"module {value.__name__};".encode())
    elif isinstance(value, CodeType):
        update(value.co_code + repr(value.co_names + value.co_varnames).encode())
        for constant in value.co_consts:
            _add(update, constant, what, inside)
    elif isinstance(value, functools.partial):
        for part in (value.func, value.args, value.keywords):
            _add(update, part, what, inside)
    elif isinstance(value, tuple | list | set | frozenset):
        update(f"{type(value).__name__}{len(value)}(".encode())
        for each in sorted(value, key=repr) if isinstance(value, set | frozenset) else value:
            _add(update, each, what, inside)
    elif isinstance(value, dict):
        for key, each in value.items():
            update(f"{key!r}:".encode())
            _add(update, each, what, inside)
    elif inspect.isfunction(value):
        _add_function(update, value, what, inside)
    elif inspect.isroutine(value) and not hasattr(value, "__self__"):
        update(f"{value.__module__}.{value.__qualname__};".encode())
    elif inspect.isbuiltin(value) or inspect.isclass(value):
        update(f"{value.__module__}.{value.__qualname__};{source_hash(value)}".encode())
    else:
        raise BadValue(
            f"Expected a {what} that reads only numbers, text, arrays, tensors and functions, "
            f"because a changed one must be told from it, but it reads a {type(value).__name__}. "
            "Move it into a file and give it as file.py:function."
        )


def _add_function(
    update: Callable[[bytes], None], function: Any, what: str, above: tuple[int, ...]
) -> None:
    module = sys.modules.get(function.__module__)
    if getattr(module, "__file__", None) and function.__module__ != "__main__":
        update(f"{function.__module__}.{function.__qualname__}{source_hash(function)};".encode())
        if getattr(module, function.__name__, None) is function:
            return
    _add(update, function.__code__, what, above)
    reads = inspect.getclosurevars(function)
    for part in (function.__defaults__, function.__kwdefaults__, reads.nonlocals, reads.globals):
        _add(update, part, what, above)
