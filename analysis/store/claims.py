"""Which points of a study a sweep is at work on, so that two sweeps at once share them.

A claim is a lock on one byte of the study's file ``.claims``; the point's key gives the place. The
system drops the claims of a process that ends, killed or not: none can be stale, and nothing is
written. The last to close the file takes it away. Where the file system has no locks (some network
drives, Windows), everybody may have every point: sweeps then measure some twice, to no harm.
"""

import contextlib
import errno
import hashlib
import os
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Final

_FILE: Final = ".claims"
_HELD: Final = (errno.EACCES, errno.EAGAIN)


class Claims:
    """The claims of one process in one study; two in one process do not keep each other out."""

    def __init__(self, study: Path) -> None:
        self._path = study / _FILE
        self._own: set[Hashable] = set()
        self._handle: int | None = None

    def take(self, key: Hashable) -> bool:
        """Claim the point with ``key``; False where another process has it."""
        if key in self._own:
            return True
        place = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:7])
        while True:
            handle = self._open()
            if handle is not None and not _lock(handle, 1, place):
                return False
            if handle is None or os.fstat(handle).st_nlink:
                break
            self.close()  # somebody took the file away in between
        self._own.add(key)
        return True

    def release(self) -> None:
        """Give all claims back; what was measured under them is to be written before."""
        self._own.clear()
        if self._handle is not None and sys.platform != "win32":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.lockf(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give all claims back, and take the file away where nobody has any."""
        self._own.clear()
        if self._handle is not None:
            with contextlib.suppress(OSError):
                if os.fstat(self._handle).st_nlink and _lock(self._handle, 0, 0):
                    self._path.unlink()
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int | None:
        if self._handle is None and sys.platform != "win32":
            with contextlib.suppress(OSError):  # what the study refuses, its first row will say
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        return self._handle


def _lock(handle: int, length: int, place: int) -> bool:
    """Lock ``length`` bytes, 0 for all from ``place`` on; True as well where there are no locks."""
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, length, place)
        except OSError as error:
            return error.errno not in _HELD
    return True
