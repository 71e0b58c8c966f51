"""A Ctrl-C that Python drops still stops the run."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from prunescope.cli.interrupt import interruptible
from prunescope.progress import Silent


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Swallows:
    """Python drops exceptions of destructors, KeyboardInterrupt too."""

    def __del__(self) -> None:
        press()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_dropped_by_a_destructor_is_remembered() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(Silent()) as progress:
        swallowing = Swallows()
        del swallowing
        progress.advance()
        progress.cancelled()
        pytest.fail("the run went on")


def test_ctrl_c_still_raises_at_once_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruptible(Silent()):
        press()
        pytest.fail("the run went on")
    assert signal.getsignal(signal.SIGINT) is before


def test_without_ctrl_c_nothing_changes() -> None:
    with interruptible(Silent()) as progress:
        progress.start(1, "one")
        assert not progress.cancelled()


HANGS = """
import ctypes, subprocess
from prunescope.cli import interrupt
from prunescope.progress import Silent
interrupt.PATIENCE = 0.5
child = subprocess.Popen(["sleep", "60"], start_new_session=True)
libc = ctypes.CDLL(None)
lock = (ctypes.c_char * 256)()
with interrupt.interruptible(Silent()):
    print(child.pid, flush=True)
    libc.pthread_mutex_lock(ctypes.byref(lock))
    libc.pthread_mutex_lock(ctypes.byref(lock))  # a native lock that nobody gives back
"""


def test_ctrl_c_ends_a_process_whose_main_thread_hangs_in_native_code() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "gave no answer for 0.5 s. What was finished is kept" in errors
    end = time.monotonic() + 5
    while psutil.pid_exists(child):
        assert time.monotonic() < end
        time.sleep(0.02)
