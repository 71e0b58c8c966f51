"""How processes end that run bad code: exit codes, words meanwhile, and what jobs say of it."""

import os
import signal
import subprocess
import time

import pytest

from prunescope.jobs import start
from prunescope.store.trust import vouch
from prunescope.study import Reference
from tests.analysis.cli.command import Command

pytestmark = pytest.mark.faults


def command(monkeypatch, capsys, tmp_path, tiny_file, body):
    tiny_file.write_text(f"import os, signal, sys, time\n{tiny_file.read_text()}\n\n{body}\n")
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)(
        "sweep", "tiny.py:build", "--data", "tiny.py:splits", "--study", "study",
        "--sparsities", "0.5",
    )  # fmt: skip


def test_ctrl_c_in_the_users_code_stops_the_run(monkeypatch, capsys, tmp_path, tiny_file):
    body = "def build():\n    signal.raise_signal(signal.SIGINT)\n    time.sleep(100)"
    result = command(monkeypatch, capsys, tmp_path, tiny_file, body)
    assert result.code == 130
    assert "Stopped." in result.err


def test_the_traceback_is_there_for_whoever_asks(monkeypatch, capsys, tmp_path, tiny_file):
    monkeypatch.setenv("PRUNESCOPE_DEBUG", "1")
    result = command(monkeypatch, capsys, tmp_path, tiny_file, "def build():\n    1 / 0")
    assert "ZeroDivisionError: division by zero" in result.err
    assert result.err.strip().splitlines()[-1].startswith("prunescope: Expected tiny.py:build")


def test_patience_that_is_no_time(monkeypatch, capsys, tmp_path, tiny_file):
    monkeypatch.setenv("PRUNESCOPE_PATIENCE", "soon")
    result = command(monkeypatch, capsys, tmp_path, tiny_file, "")
    assert result.code == 1
    assert "Expected PRUNESCOPE_PATIENCE to be a time such as 90s" in result.err


STUBBORN = """
import time


def build():
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass
"""


HURRIED = """
import sys
from prunescope.cli.app import main
from prunescope.user_code import patience
assert (patience._WORD, patience._GRACE) == (10, 10)
patience._WORD = patience._GRACE = 1.0
main()
"""


def test_a_word_every_ten_seconds_and_an_end_of_what_swallows_everything(tmp_path, warm_python):
    """Every second here."""
    (tmp_path / "mine.py").write_text(STUBBORN)
    given = ["inspect", "mine.py:build", "--shape", "1,6,6"]
    done = subprocess.run(
        [warm_python, "-c", HURRIED, *given], cwd=tmp_path, capture_output=True,
        text=True, timeout=90, env=os.environ | {"PRUNESCOPE_PATIENCE": "3s"},
    )  # fmt: skip
    assert done.returncode == 1
    words = done.stderr.strip().splitlines()
    assert words[0].startswith("still loading the model (mine.py:")
    assert words[0].endswith(", 1 s")
    assert words[-1].startswith("prunescope: Expected mine.py:build to return a model")
    assert "within 3 s, but it was still at mine.py:" in words[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("body", "state", "says"),
    [
        ("sys.exit(0)", "failed", "it raised SystemExit: 0"),
        ("os._exit(0)", "failed", "it called os._exit"),
        ("import ctypes; ctypes.CDLL(None)._exit(0)", "died", "left by code of the model"),
    ],
)
def test_a_job_that_leaves_is_not_done(tmp_path, tiny_file, body, state, says):
    tiny_file.write_text(f"import os, sys\n{tiny_file.read_text()}\n\ndef build():\n    {body}\n")
    model, data = f"{tiny_file}:build", f"{tiny_file}:splits"
    vouch(Reference(model, data))
    job = start(tmp_path / "study", ["sweep", model, "--data", data, "--study", "{study}"])
    end = time.monotonic() + 90
    while job.state() in ("waiting", "running") and time.monotonic() < end:
        time.sleep(0.2)
    snapshot = job.snapshot()
    assert snapshot.state == state, job.log()
    assert says in (snapshot.error or "")
    assert not (tmp_path / "study" / "study.json").exists()


def test_nothing_is_left_on_the_alarm(monkeypatch, capsys, tmp_path, tiny_file):
    before = signal.getsignal(signal.SIGALRM), os._exit
    command(monkeypatch, capsys, tmp_path, tiny_file, "def build():\n    sys.exit()")
    assert (signal.getsignal(signal.SIGALRM), os._exit) == before


def test_memory_that_runs_out_in_our_own_code_is_a_sentence(monkeypatch, capsys, tiny_file):
    given = ["inspect", f"{tiny_file}:build", "--shape", "1000000,1000000"]
    sentence = Command(monkeypatch, capsys).refused(*given)
    assert "report" not in sentence
