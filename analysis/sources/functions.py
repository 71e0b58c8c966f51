"""Find a user's function by its reference, in a file or in a module."""

import contextlib
import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunescope.errors import BadReference, UnknownName
from prunescope.sources.file_loader import FileLoader
from prunescope.study.manifest import KEPT, LIVE
from prunescope.user_code.guard import guarded


def is_function(reference: str) -> bool:
    """Return whether ``reference`` has the form ``somewhere:function``.

    >>> is_function("nets/mine.py:build"), is_function("images.npz")
    (True, False)
    """
    where, colon, name = reference.rpartition(":")
    return bool(colon and where) and name.isidentifier()


def require_kept(what: str, reference: str) -> None:
    """Raise ``BadReference`` where ``reference`` names a live object, which is kept nowhere.

    Args:
        what: What it is for: ``model``, ``data``, ``metric`` or ``criterion``.
        reference: Any; one into a study must have been made a path before.
    """
    if reference.startswith(LIVE):
        name = reference.removeprefix(LIVE).partition("#")[0]
        raise BadReference(
            f"Expected {what} {name} to be kept where this process can find it, but it was given "
            "as a live object in Python. Go on from Python, or give it as file.py:function."
        )
    if reference.startswith(KEPT):
        raise BadReference(
            f"Expected {what} {reference} together with the study that keeps it, but got it "
            "alone. Open the study that it belongs to."
        )


def find_function(what: str, reference: str) -> Callable[..., Any]:
    """Return the function that ``reference`` names.

    Args:
        what: What it is for, for errors: ``model``, ``data`` or ``metric``.
        reference: ``path/to/file.py:function`` or ``package.module:function``.

    Raises:
        BadReference: No such file or module, an error while importing it, or not callable.
        TookTooLong: The import does not end.
        UnknownName: The file has no such function; the closest ones are named.
    """
    where, _, name = reference.rpartition(":")
    path = Path(where)
    if where.endswith(".py"):
        if not path.is_file():
            raise BadReference(
                f"Expected {what} {reference!r} to name a Python file, but {where} does not exist "
                f"in {Path.cwd()}. Check the path."
            )
        module = _import_file(what, path.resolve())
    else:
        module = _import_module(what, where)
    with _importing(what, where):  # a module may have a __getattr__
        found = getattr(module, name, None)
    if found is None:
        functions = [n for n, value in vars(module).items() if callable(value) and n[:1] != "_"]
        raise UnknownName.among(f"function in {where}", name, functions)
    if not callable(found):
        raise BadReference(
            f"Expected {what} {reference!r} to be a function, but it is a "
            f"{type(found).__name__}. Name a function."
        )
    return found  # type: ignore[no-any-return]


def source_hash(function: Callable[..., Any]) -> str:
    """Return a hash of a function's name and source file, so that an edited one is another."""
    made = function
    while isinstance(made, functools.partial):
        made = made.func
    made = made if inspect.isroutine(made) or inspect.isclass(made) else type(made)
    text = f"{made.__module__}.{made.__qualname__}".encode()
    try:
        source = inspect.getsourcefile(made)
        text = made.__qualname__.encode() + (Path(source).read_bytes() if source else b"")
    except (OSError, TypeError):
        pass  # built in: its name says it all
    return hashlib.sha256(text).hexdigest()[:16]


def _import_file(what: str, path: Path) -> Any:
    content = str(path).encode() + path.read_bytes()  # an edited file is another module
    name = f"_prunescope_{hashlib.sha256(content).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=FileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise BadReference(
            f"Expected {path} to be a Python file, but it cannot be imported. Check the file."
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _reach_working_folder()
    sys.path.insert(0, str(path.parent))
    try:
        with _importing(what, str(path)):
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        with contextlib.suppress(ValueError):  # the file may have changed the list itself
            sys.path.remove(str(path.parent))
    return module


def _import_module(what: str, where: str) -> Any:
    _reach_working_folder()
    with _importing(what, where):
        try:
            return importlib.import_module(where)
        except ModuleNotFoundError as error:
            raise BadReference(
                f"Expected {what} {where!r} to be an importable module or a .py file, but "
                f"{error.name!r} is not installed. Check the name or install it."
            ) from error


def _reach_working_folder() -> None:
    """Let the user's packages in the working folder be imported, also later and by each other.

    Neither the ``prunescope`` script nor a job's process finds them by itself: what lies in the
    folder, a ``queue.py`` for one, must not take the place of a library's module before that.
    """
    here = str(Path.cwd())
    if "" not in sys.path and here not in sys.path:
        sys.path.insert(0, here)


def _importing(what: str, where: str) -> contextlib.AbstractContextManager[None]:
    return guarded(f"{what} from {where} to import", "Mend the file.", doing=f"importing {where}")
