"""A process that has imported everything once and forks a child for each command line.

A fresh ``prunescope`` takes four seconds to import torch; a fork of one that has takes
milliseconds, and whatever happens to it (a crash, a hang, all memory) happens to it alone.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).parents[2]
MEMORY: Final = 8 << 30
"""Bytes of address space that a child may have: torch's libraries alone take some four of them."""
_READY: Final = "ready"


@dataclass(frozen=True)
class Call:
    """One command line, and what its process may take.

    Attributes:
        arguments: After ``prunescope``; or ``-c`` and Python, which runs as a script would.
        folder: Where it is typed.
        seconds: After which it is killed.
        environment: Variables besides the server's.
        memory: Bytes of address space; 0 for no limit.
        spare: Bytes of address space beyond what the server itself has; 0 leaves it at ``memory``.
        ledger: File that receives a line for everything it has stored; none where empty.
    """

    arguments: tuple[str, ...]
    folder: str
    seconds: float = 60.0
    environment: Mapping[str, str] = field(default_factory=dict)
    memory: int = MEMORY
    spare: int = 0
    ledger: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    Attributes:
        code: Its exit code; minus the signal that ended it.
        out: What it printed.
        err: What it printed on the error stream.
        seconds: How long it took.
        late: Whether it was killed because its time was over.
        peak: Bytes of memory that it used at most, torch's included.
    """

    code: int
    out: str
    err: str
    seconds: float
    late: bool
    peak: int


class ForkServer:
    """The parent's side; a context manager that ends the server."""

    def __init__(self, python: Path | None = None) -> None:
        """Start the server, by ``python`` where that has imported everything already."""
        command = [str(python or sys.executable), "-W", "ignore", "-m", "tests.faults.fork_server"]
        self._process = subprocess.Popen(
            command, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._answer() == _READY

    def run(self, call: Call) -> Outcome:
        """Run ``call`` in a child of the server, and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(call)) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._answer()))

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server has ended"
        return line.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def import_everything() -> None:
    """Import what commands need."""
    import importlib

    from prunescope.cli.app import COMMANDS

    for name in (*(f"prunescope.cli.{command}" for command in COMMANDS), *_LATER):
        importlib.import_module(name)


def look_at_one_model() -> None:
    """Bring about what is imported and made only while a model is looked at."""
    from prunescope.cli.app import main

    with tempfile.TemporaryFile() as nowhere:
        os.dup2(nowhere.fileno(), 1)
        sys.argv = ["prunescope", "inspect", "sample:mlp", "--shape", "1,28,28"]
        with contextlib.suppress(SystemExit):
            main()


def serve() -> None:
    """Fork a child of this process, which has imported everything, for each line that comes."""
    answers = os.fdopen(os.dup(1), "w")
    import_everything()
    look_at_one_model()
    answers.write(_READY + "\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(asdict(_run(Call(**json.loads(line))))) + "\n")
        answers.flush()


_LATER: Final = (
    "prunescope.bench.workbench", "prunescope.sweep.runner", "prunescope.api.study",
    "prunescope.recovery.training.finetune", "prunescope.export.export_plan",
    "prunescope.latency.table.build", "prunescope.planning.pareto", "prunescope.sweep.calibrate",
)  # fmt: skip
"""What commands import when they need it."""


def _run(call: Call) -> Outcome:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _child(call, out.fileno(), err.fileno())
        late, wait = False, 0.001
        while True:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - began > call.seconds and not late:
                late = True
                _end_all(child)
            time.sleep(wait)
            wait = min(wait * 1.5, 0.02)
        seconds = time.monotonic() - began
        _end_all(child)  # what it may have started and left
        code = os.waitstatus_to_exitcode(status)
        return Outcome(code, _text(out), _text(err), seconds, late, usage.ru_maxrss * 1024)


def _child(call: Call, out: int, err: int) -> None:
    """Be the command, and never come back."""
    import torch

    code = 70
    try:
        # The parent's pool of threads is of no use here. Torch replaces it at the first word on
        # threads, without a lock: where autograd's threads said it at once, one of them saw none.
        torch.set_num_threads(1)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        memory = _mapped() + call.spare if call.spare else call.memory
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.chdir(call.folder)
        os.environ.update(call.environment)
        code = _command(call)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _mapped() -> int:
    """Bytes of address space that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _command(call: Call) -> int:
    from prunescope.cli.app import main
    from tests.faults.ledger import kept

    try:
        with kept(call.ledger):
            if call.arguments[0] == "-c":
                _script(call.arguments[1])
            else:
                sys.argv = ["prunescope", *call.arguments]
                main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


def _script(code: str) -> None:
    """Run Python as a user's script, whose errors of ours are one sentence."""
    from prunescope.errors import PrunescopeError

    try:
        exec(compile(code, "script.py", "exec"), {"__name__": "__main__"})
    except PrunescopeError as error:
        print(f"prunescope: {error}", file=sys.stderr)
        sys.exit(1)


def _end_all(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _text(file: "tempfile._TemporaryFileWrapper[bytes]") -> str:
    file.seek(0)
    return file.read(1 << 20).decode(errors="replace")


if __name__ == "__main__":
    serve()
