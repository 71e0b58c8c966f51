"""Objects below one address: list, read, write whole, remove; refusals become sentences.

Only what every object store has is used: no locks, no renames, no appends, no clocks.
"""

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.errors import BadReference, PrunescopeError, StorageFailure
from prunescope.object_store.address import PACKAGES
from prunescope.store.files import write_atomically

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem

_AT_ONCE: Final = 16
"""Objects that are read at a time: each waits for the network most of its time."""
_CREDENTIALS: Final = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS",
}
_AZURE: Final = "Set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
_SAFE: Final = "nothing that was measured here is lost"


@dataclass(frozen=True)
class ObjectStore:
    """The objects below an address.

    Attributes:
        url: As from ``address.checked_store``.
    """

    url: str

    def names(self, folder: str) -> set[str]:
        """Return the names of the objects directly in ``folder``; none where there is no folder."""
        with self._reached() as (system, root):
            system.invalidate_cache()
            try:
                paths = system.ls(f"{root}/{folder}", detail=False)
            except FileNotFoundError:
                return set()
        names = {str(path).rstrip("/").rpartition("/")[2] for path in paths}
        return {name for name in names if name and not name.startswith(".")}

    def read(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of each of the objects ``names`` that is there, some at a time."""
        with self._reached() as (system, root), ThreadPoolExecutor(_AT_ONCE) as readers:

            def content(name: str) -> tuple[str, bytes] | None:
                try:
                    return name, bytes(system.cat_file(f"{root}/{name}"))
                except FileNotFoundError:
                    return None  # merged into another one meanwhile

            for one in readers.map(content, names):
                if one is not None:
                    yield one

    def write(self, name: str, content: bytes) -> None:
        """Write one whole object."""
        with self._reached() as (system, root):
            path = f"{root}/{name}"
            if self._protocol == "file":
                write_atomically(Path(path), content)
            else:
                system.pipe_file(path, content)

    def write_file(self, name: str, source: Path) -> None:
        """Write the file ``source`` as one object, without holding it in memory."""
        if self._protocol == "file":
            self.write(name, source.read_bytes())
            return
        with self._reached() as (system, root):
            system.put_file(str(source), f"{root}/{name}")

    def read_file(self, name: str, target: Path) -> None:
        """Write the object ``name`` to the file ``target``, without holding it in memory."""
        with self._reached() as (system, root):
            system.get_file(f"{root}/{name}", str(target))

    def remove(self, name: str) -> None:
        """Take one object away; nothing where it is gone."""
        with self._reached() as (system, root), contextlib.suppress(FileNotFoundError):
            system.rm_file(f"{root}/{name}")

    @property
    def _protocol(self) -> str:
        return self.url.partition("://")[0]

    @contextlib.contextmanager
    def _reached(self) -> "Iterator[tuple[AbstractFileSystem, str]]":
        """The file system and the root in it; what it refuses raises a sentence."""
        try:
            from fsspec.core import url_to_fs

            yield url_to_fs(self.url)
        except PrunescopeError:
            raise
        except ImportError as error:
            package = PACKAGES[self._protocol]
            extra = "'prunescope[s3]'" if self._protocol == "s3" else package
            raise BadReference(
                f"Expected the package {package} for {self.url}, but it is not installed. Install "
                f"it: pip install {extra}."
            ) from error
        except Exception as error:  # each store's own kinds, which share no base
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StorageFailure:
        text = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        again = f"run the same command again: {_SAFE}"
        if "credential" in f"{type(error).__name__} {text}".lower():
            step = _CREDENTIALS.get(self._protocol, _AZURE)
            return StorageFailure(
                f"Expected credentials for {self.url}, but got none that it takes ({text}). "
                f"{step} and {again}."
            )
        if isinstance(error, PermissionError):
            return StorageFailure(
                f"Expected a store that may be read and written at {self.url}, but it refuses "
                f"({text}). Ask its owner, or use other credentials, and {again}."
            )
        if isinstance(error, FileNotFoundError):
            return StorageFailure(
                f"Expected a store at {self.url}, but there is none ({text}). Make its bucket or "
                f"container, or check the address, and {again}."
            )
        return StorageFailure(
            f"Expected the store {self.url} to answer, but got: {text}. Check address and network "
            f"and {again}."
        )
