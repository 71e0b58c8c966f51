"""A job for tests: reports steps and ends, crashes, waits or hangs, as its arguments say."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from prunescope.errors import BadValue
from prunescope.jobs import running, stopping

SOON = "STOP_SOON"
"""Environment variable under which the worker itself loses patience after half a second."""


def main() -> None:
    *what, flag, folder = sys.argv[1:]
    assert flag == "--job"
    if what[0] == "misused":
        sys.exit("╭─ Error ─╮\n│ No such option: --colour │\n╰─────────╯")
    with running(Path(folder)) as progress:
        mood = what[0]
        print(f"working on {' '.join(what)}")
        progress.start(4, "counting")
        progress.advance(1, "first", loss=2.5)
        if mood == "fail":
            raise BadValue("Expected sparsity to be a number, but got 'x'. Write 0.5.")
        if mood == "crash":
            raise KeyError("nobody foresaw this")
        if mood == "exit":
            sys.exit(3)
        if mood == "wait":
            end = time.monotonic() + 60
            while not progress.cancelled() and time.monotonic() < end:
                time.sleep(0.02)
            return
        if mood == "sleeps":
            time.sleep(60)  # a model that hangs in Python
        if mood == "native":  # in native code that lets no signal through, but other threads
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
            time.sleep(60)
        if mood == "locked":  # in native code that holds Python's lock: no thread runs
            ctypes.PyDLL(None).sleep(60)
        if mood == "parent":
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            print(f"child {child.pid}", flush=True)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
            child.wait()
        if mood == "saves":
            while not progress.cancelled():
                time.sleep(0.02)
            time.sleep(3)
            print("saved", flush=True)
            return
        progress.advance(3, "rest", loss=1.5)


if __name__ == "__main__":
    if SOON in os.environ:
        stopping.ASKED = stopping.TERMINATED = 0.5  # type: ignore[misc]
    main()
