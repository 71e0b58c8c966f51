"""Lists that grow by themselves: what a folder, an installed package or a call adds. Torch-free.

A ``Registry`` holds the things of one kind (runtimes, export formats), by name, in the order of
their ``rank``. There are three ways in:

* **A file in the package's folder** that has a constant (``RUNTIME``, ``FORMAT``): found by itself.
* **An installed package** that names such a constant, or the module that holds it, as an entry
  point of the registry's group. It shows up in every process: command line, jobs, dashboard::

      [project.entry-points."prunescope.runtimes"]
      mine = "my_package.my_runtime:RUNTIME"

* **A call**, ``registry.register(thing)``: for this process only, such as a notebook's.
"""

import importlib
import logging
import pkgutil
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from prunescope.errors import BadValue, UnknownName

log = logging.getLogger(__name__)


class Extension(Protocol):
    """What every registry asks of what it holds.

    Attributes:
        name: Short, unique, without spaces or commas: what a user types.
        rank: Place in lists; equal ones go by name.
    """

    name: str
    rank: int


Item = TypeVar("Item", bound=Extension)


class Registry(Generic[Item]):
    """All things of one kind, by name.

    Args:
        what: What one of them is called, for messages, such as ``runtime``.
        package: Dotted name of the package whose files are looked through.
        constant: Name of the constant that such a file holds.
        group: Of the entry points of installed packages.
        kind: The protocol that they follow.
    """

    def __init__(
        self, what: str, package: str, constant: str, group: str, kind: type[object]
    ) -> None:
        self.what = what
        self._package, self._constant, self._group, self._kind = package, constant, group, kind
        self._registered: dict[str, Item] = {}

    def register(self, item: Item) -> None:
        """Add ``item`` in this process.

        Raises:
            BadValue: It does not follow the protocol, or its name is taken.
        """
        self._require(item, repr(item))
        if any(known.name == item.name and known is not item for known in self.all()):
            raise BadValue(
                f"Expected a name that no other {self.what} has, but got {item.name!r}. Give it "
                "another name."
            )
        self._registered[item.name] = item

    def unregister(self, name: str) -> None:
        """Take back what ``register`` added under ``name``, if anything."""
        self._registered.pop(name, None)

    def all(self) -> tuple[Item, ...]:
        """Return all of them by rank; a name that is taken is not taken twice."""
        known: dict[str, Item] = {}
        for item in (*self._in_folder(), *self._installed(), *self._registered.values()):
            known.setdefault(item.name, item)
        return tuple(sorted(known.values(), key=lambda item: (item.rank, item.name)))

    def names(self) -> tuple[str, ...]:
        """Return the names of all of them by rank."""
        return tuple(item.name for item in self.all())

    def named(self, name: str) -> Item:
        """Return the one called ``name``, or raise ``UnknownName`` with the closest names."""
        known = {item.name: item for item in self.all()}
        if name not in known:
            raise UnknownName.among(self.what, name, known)
        return known[name]

    def in_module(self, module: str) -> Item:
        """Return the one that the constant in ``module`` holds: nothing else is looked through.

        Raises:
            BadValue: The module holds none.
        """
        found: Item = self._checked(importlib.import_module(module), module)
        return found

    def module_of(self, item: Item) -> str:
        """Return the module by which another process finds ``item``, for ``in_module``.

        Raises:
            BadValue: The module in which it was made does not hold it, as in a notebook.
        """
        module = sys.modules.get(type(item).__module__)
        if module is None or getattr(module, self._constant, None) is not item:
            raise BadValue(
                f"Expected the {self.what} {item.name!r} to stand in a file as {self._constant}, "
                "so that another process can import it, but it does not. Write it into a module "
                f"of its own that ends with {self._constant} = {type(item).__name__}()."
            )
        return module.__name__

    def _in_folder(self) -> Iterator[Item]:
        package = importlib.import_module(self._package)
        for module in _modules(self._package, tuple(package.__path__)):
            if hasattr(module, self._constant):
                yield self._checked(module, module.__name__)

    def _installed(self) -> Iterator[Item]:
        for point in _entry_points(self._group, tuple(sys.path)):
            try:
                yield self._checked(point.load(), point.value)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - another's package must not stop this one
                log.warning(
                    "Expected the %s %s of %s to load, but it raised %s: %s. Update that package, "
                    "or uninstall it.",
                    self.what, point.name, point.value, type(error).__name__, error,
                )  # fmt: skip

    def _checked(self, found: object, where: str) -> Item:
        item = getattr(found, self._constant, None) if isinstance(found, ModuleType) else found
        return self._require(item, where)

    def _require(self, item: object, where: str) -> Item:
        if not isinstance(item, self._kind):
            raise BadValue(
                f"Expected {where} to be what {self._kind.__module__} describes, but got "
                f"{type(item).__name__}. Derive it from {self._kind.__name__}."
            )
        checked: Item = item  # type: ignore[assignment]  # the protocol was just checked
        return checked


@lru_cache(maxsize=16)
def _modules(package: str, paths: tuple[str, ...]) -> tuple[ModuleType, ...]:
    found = sorted(module.name for module in pkgutil.iter_modules(paths))
    return tuple(importlib.import_module(f"{package}.{name}") for name in found)


@lru_cache(maxsize=16)
def _entry_points(group: str, _path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=group), key=lambda point: point.name))
