"""Locks between processes, which the system releases when their holder is killed."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.store.files import storage
from prunescope.store.read_only import require_writable
from prunescope.store.try_lock import try_lock

_PATIENCE: Final = 20.0
"""Seconds to wait for another process that merges files."""

_LOCK: Final = ".lock"
_POLL: Final = 0.02


@contextlib.contextmanager
def single_process_lock(folder: Path, patience: float) -> Iterator[bool]:
    """Wait up to ``patience`` seconds for the lock in ``folder``, and hold it during the block.

    Yields:
        Whether the lock was acquired; False also where the file system has no locks.

    Raises:
        StorageFailure: The folder cannot be written.
    """
    require_writable(folder)
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    with _held(handle, patience) as got:
        yield got


@contextlib.contextmanager
def merge_lock(folder: Path) -> Iterator[None]:
    """Wait until no other process merges the files of ``folder``, where the system can tell.

    The folder itself is locked, so that no file is left in it. Without the lock (Windows, some
    file systems, a holder that takes long) two processes may both leave a merged file: no harm.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    with _held(handle, _PATIENCE):
        yield


@contextlib.contextmanager
def _held(handle: int, patience: float) -> Iterator[bool]:
    try:
        end = time.monotonic() + patience
        while not (got := try_lock(handle)) and time.monotonic() < end:
            time.sleep(_POLL)
        yield got
    finally:
        os.close(handle)
