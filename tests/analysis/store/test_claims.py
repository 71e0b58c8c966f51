"""Claims keep other processes out, end with their holder, and leave nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prunescope.store import claims
from prunescope.store.claims import Claims

pytestmark = pytest.mark.quick

HOLD = (
    "import sys, time; from pathlib import Path; from prunescope.store.claims import Claims\n"
    "claims = Claims(Path({study!r}))\n"
    "print(claims.take(('fc1', 0.5)), flush=True)\nsys.stdin.readline()\n"
    "claims.release()\nprint('free', flush=True)\nsys.stdin.readline()\nclaims.close()"
)


@pytest.fixture
def other(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(study=str(tmp_path))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    yield process  # type: ignore[misc]
    process.kill()
    process.communicate()


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_claimed_point_is_taken_and_the_others_are_not(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    mine = Claims(tmp_path)
    assert not mine.take(("fc1", 0.5))
    assert mine.take(("fc1", 0.6))
    assert mine.take(("fc1", 0.6))
    go_on(other)
    assert other.stdout is not None
    assert other.stdout.readline() == "free\n"
    assert mine.take(("fc1", 0.5))
    go_on(other)
    assert other.wait(20) == 0
    assert (tmp_path / ".claims").exists()  # mine are in it
    mine.close()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_has_no_claims(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    mine = Claims(tmp_path)
    assert not mine.take(("fc1", 0.5))
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert mine.take(("fc1", 0.5))
    mine.close()


def test_a_file_that_was_taken_away_is_made_anew(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    mine = Claims(tmp_path)
    assert mine.take(1)
    mine.release()
    (tmp_path / ".claims").unlink()
    third = Claims(tmp_path)
    assert third.take(2)  # in a new file
    assert mine.take(3)
    code = (
        "from pathlib import Path; from prunescope.store.claims import Claims\n"
        f"c = Claims(Path({str(tmp_path)!r})); print(c.take(2), c.take(3), c.take(4))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False", "True"]


def test_without_locks_everybody_may_have_everything(
    tmp_path: Path, other: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_HELD", ())
    assert Claims(tmp_path).take(("fc1", 0.5))
    assert Claims(tmp_path / "nowhere").take(1)
