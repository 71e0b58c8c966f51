"""Stop a job: ask it, then terminate it, then kill it, within seconds. Torch-free.

1. The file ``cancel`` asks. A process that is stopped (SIGSTOP) is let go on, so that it can hear.
2. Who has not heard within ``ASKED`` seconds gets SIGTERM: the worker raises
   ``KeyboardInterrupt``, wherever it is in Python, and unwinds.
3. Who has not ended ``TERMINATED`` seconds later is killed, with the processes that it started. Who
   has heard has ``SAVING`` seconds to bring its work to an end before 2.

Who presses: a thread of the process that asked (``cancel``), and a thread of the worker itself
(``watched``). So a job ends when the page that asked is closed, or when the asking came from
another machine, as long as the worker's threads run; and it ends when they do not (stopped, or
hanging in native code that holds Python's lock), as long as the server that asked runs. If both
fail, asking again presses again: a page that shows a stopping job does so by itself. Several may
press at once, as each looks before it acts.

A job of another machine or container is only asked. A killed process leaves no last word: whoever
sees it gone after it was asked calls it cancelled, and the one who killed it writes that down.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from prunescope.errors import PrunescopeError
from prunescope.jobs.job import Job, open_job
from prunescope.jobs.processes import alive
from prunescope.jobs.records import ACTIVE, CANCEL, END, HEARD, EndRecord, State
from prunescope.store.json_documents import write_document

ASKED: Final = 5.0
TERMINATED: Final = 5.0
SAVING: Final = 30.0
LONGEST: Final = SAVING + TERMINATED + 5.0
"""Seconds after which a job that was asked to stop has ended, in any case."""
_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Where there is no SIGKILL (Windows), SIGTERM ends a process without asking it."""
_POLL: Final = 0.1
_LOOK: Final = 0.5
_PRESSED: Final[dict[Path, threading.Thread]] = {}
_LOCK: Final = threading.Lock()


def cancel(job: Job) -> None:
    """Ask ``job`` to stop, and see to it that it does; return at once.

    Raises:
        ReadOnly: This process may change nothing.
        StorageFailure: The folder cannot be written.
    """
    job.cancel()
    press(job)


def press(job: Job) -> None:
    """Have a thread of this process see to it that ``job``, which was asked to stop, does."""
    with _LOCK:
        present = _PRESSED.get(job.folder)
        if (present is not None and present.is_alive()) or job.state() not in ACTIVE:
            return
        thread = threading.Thread(target=stop, args=(job,), name=f"stop-{job.id}", daemon=True)
        _PRESSED[job.folder] = thread
        thread.start()


def stop(job: Job) -> State:
    """Wait until ``job``, which was asked to stop, has ended, and make it end; return its state."""
    pressed = _Pressed(job)
    for patience, number in ((ASKED, signal.SIGTERM), (TERMINATED, _KILL)):
        if pressed.ends(patience, heard=number == signal.SIGTERM):
            break
        pressed.signal(number)
    pressed.ends(LONGEST)
    if job.state() == "cancelled" and not (job.folder / END).exists():
        # The job's folder may be gone or full: then the missing process says the same.
        with contextlib.suppress(PrunescopeError):
            end = EndRecord("cancelled", time.time(), None, time.monotonic())
            write_document(job.folder / END, end)
    return job.state()


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[None]:
    """Have a thread of this process, a worker, stop it when its job in ``folder`` is to stop.

    It covers what hangs outside of Python's lock, whoever asked and from wherever.
    """
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(folder, over), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _watch(folder: Path, over: threading.Event) -> None:
    while not over.wait(_LOOK):
        if (folder / CANCEL).exists() and (job := open_job(folder)) is not None:
            stop(job)
            return


class _Pressed:
    """A job that is to end, and its process, which is remembered when its folder is gone."""

    def __init__(self, job: Job) -> None:
        self._job, self._process = job, job.process

    def ends(self, patience: float, heard: bool = False) -> bool:
        """Wait for the end; with ``heard``, longer where the worker says that it has heard."""
        began = time.monotonic()
        while self._active():
            saving = heard and (self._job.folder / HEARD).exists()
            if time.monotonic() - began > (SAVING if saving else patience):
                return False
            self._let_go_on()
            time.sleep(_POLL)
        return True

    def signal(self, number: int) -> None:
        """Send a signal to the process; a kill, to all that it started as well, itself last."""
        process = self._process
        if process is None or not alive(process):
            return
        with contextlib.suppress(psutil.Error, OSError):
            leader = psutil.Process(process.pid)
            if number == _KILL:
                for child in leader.children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        child.kill()
                if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:
                    os.killpg(process.pid, number)
            leader.send_signal(number)

    def _active(self) -> bool:
        if not self._job.folder.exists():
            return self._process is not None and alive(self._process)
        self._process = self._job.process or self._process
        return self._job.state() in ACTIVE

    def _let_go_on(self) -> None:
        """Continue a process that somebody has stopped: it cannot hear."""
        process = self._process
        with contextlib.suppress(psutil.Error, OSError):
            if process is not None and alive(process):
                leader = psutil.Process(process.pid)
                if leader.status() == psutil.STATUS_STOPPED:
                    leader.resume()
