"""One attempt to lock a file, which the system frees when its holder is killed."""

import sys


def try_lock(handle: int) -> bool:
    """Return whether the open file ``handle`` is now locked by this process, without waiting."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
