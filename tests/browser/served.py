"""Real dashboards, and the links into them."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prunescope.dashboard.launch_command import Serving


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path, python: Path | None = None, **more: Any) -> Iterator[str]:
    """A real dashboard over ``folder``; the link into it."""
    with served(Serving(folder, free_port(), **more), python) as made:
        yield made.link()


@contextmanager
def served(made: Serving, python: Path | None = None) -> Iterator[Serving]:
    """A real dashboard as ``made`` says, until the block ends.

    Args:
        made: What it serves.
        python: Of it and its jobs; None takes the environment's, which imports everything anew.
    """
    real, *arguments = made.command()
    server = subprocess.Popen(
        [str(python or real), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=made.environment() | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        until_up(made)
        yield made
    finally:
        server.terminate()
        server.wait(timeout=30)


def status(url: str) -> int:
    """The status that ``url`` answers with, once something answers there."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


def until_up(made: Serving) -> None:
    for _ in range(2400):
        try:
            with urllib.request.urlopen(made.link("_stcore/health"), timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("The dashboard did not start within two minutes.")
