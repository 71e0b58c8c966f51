"""A process at hand that has imported what jobs need, so that the next one begins at once.

A fresh process spends four to five seconds on importing torch and its export; a job that takes the
spare one over does not wait for them. The spare process ends by itself when its server does.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SWITCH: Final = "PRUNESCOPE_WARM_WORKER"
"""Environment variable; ``0`` keeps no process at hand (it holds some 350 MB)."""

COMMAND: Final = (sys.executable, "-P", "-m", "prunescope.cli.warm_process")


class WarmWorker:
    """At most one process that waits for a job's arguments on its standard input."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = tuple(command)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self, environment: Mapping[str, str]) -> None:
        """Start the process if there is none; return at once."""
        with self._lock:
            if os.environ.get(SWITCH) == "0" or self._waits():
                return
            try:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, env=dict(environment), start_new_session=True,
                )  # fmt: skip
            except OSError:  # jobs start without it, only later
                self._process = None

    def take(
        self, arguments: Sequence[str], directory: Path, log: Path
    ) -> "subprocess.Popen[bytes] | None":
        """Let the process run ``prunescope ARGUMENTS``; None when there is none to take."""
        with self._lock:
            if not self._waits():
                return None
            process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        order = {"arguments": list(arguments), "directory": str(directory), "log": str(log)}
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
        except OSError:  # it ended just now
            return None
        return process

    def drop(self) -> None:
        """End the process; it has nothing to lose."""
        with self._lock:
            if self._waits():
                assert self._process is not None
                self._process.kill()
                self._process.wait()
                self._waits()

    def _waits(self) -> bool:
        """Whether the process is there; what is left of one that ended is cleared away."""
        if self._process is not None and self._process.poll() is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process = None
        return self._process is not None
