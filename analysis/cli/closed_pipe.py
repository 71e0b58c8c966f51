"""Whoever read what a command prints may have gone: ``prunescope show STUDY | head``."""

import os
import select
import sys
from typing import Final

CODE: Final = 141
"""Exit code of a command whose reader has gone, as shells give it (128 and SIGPIPE's number)."""


def reader_gone(error: BaseException) -> bool:
    """Return whether ``error`` says that nobody reads the standard output any more.

    Rich makes an exit of it. A broken pipe of another kind, such as one to a process that died, is
    an error like any other.
    """
    if isinstance(error, SystemExit):
        return isinstance(error.__context__, BrokenPipeError) and (_nowhere() or _unread())
    return isinstance(error, BrokenPipeError) and _unread()


def keep_quiet() -> None:
    """Let what is still to be printed go nowhere, so that Python does not complain of it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _nowhere() -> bool:
    """Whether rich has turned the output to nowhere already."""
    return os.path.samestat(os.fstat(sys.stdout.fileno()), os.stat(os.devnull))


def _unread() -> bool:
    number = sys.stdout.fileno()
    looked = select.poll()
    looked.register(number, select.POLLOUT)
    return any(happened & select.POLLERR for _, happened in looked.poll(0))
