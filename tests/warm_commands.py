"""``prunescope`` as a command that starts in milliseconds, for tests of many of them.

A fresh ``prunescope`` takes four seconds to import torch. Here one process has imported everything
and forks a child for each command; the command on the path is a small script that hands its
arguments, folder, environment and open files over, passes signals on, and ends with the child's
code. The child's own code is what would run otherwise.
"""

import array
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).parents[1]

_COMMAND: Final = """#!{python} -IS
import array, json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
line.connect({address!r})
asked = json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(),
                     "environment": dict(os.environ)}}).encode()
files = array.array("i", [0, 1, 2])
line.sendmsg([len(asked).to_bytes(8, "little")],
             [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
line.sendall(asked)
answers = line.makefile("r")
child = int(answers.readline())
def pass_on(number, frame):
    try:
        os.kill(child, number)
    except ProcessLookupError:
        pass
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, pass_on)
code = answers.readline().strip()
sys.exit(int(code) if code else 137)
"""


class WarmCommands:
    """A context manager whose ``folder`` belongs in front of ``PATH``."""

    def __enter__(self) -> Self:
        self._made = tempfile.TemporaryDirectory(prefix="warm-")
        self.folder = Path(self._made.name)
        address = str(self.folder / "line")
        file = self.folder / "prunescope"
        file.write_text(_COMMAND.format(python=sys.executable, address=address))
        file.chmod(0o755)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_commands", address], cwd=ROOT,
            stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n", "the server of commands did not start"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.terminate()
        self._server.wait(timeout=60)
        assert self._server.stdout is not None
        self._server.stdout.close()
        self._made.cleanup()


def serve(address: str) -> None:
    """Import everything, then fork a child for each connection."""
    from tests.faults.fork_server import import_everything

    answers = os.fdopen(os.dup(1), "w")
    import_everything()
    # No more than imports: threads that torch starts here would be missing in a child.
    importlib.import_module("torch.export._trace")
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(address)
    door.listen()
    print("ready", file=answers, flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while True:
        line, _ = door.accept()
        if os.fork() == 0:
            door.close()
            answers.close()
            _child(line)
        line.close()


def _child(line: socket.socket) -> None:
    """Be the command, and never come back."""
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line.sendall(f"{os.getpid()}\n".encode())
        size, ancillary, _, _ = line.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        files = array.array("i")
        files.frombytes(ancillary[0][2])
        for target, source in enumerate(files):
            os.dup2(source, target)
            os.close(source)
        told = json.loads(_exactly(line, int.from_bytes(size, "little")))
        os.chdir(told["folder"])
        os.environ.clear()
        os.environ.update(told["environment"])
        sys.path[0] = told["folder"]
        code = _run(told["arguments"])
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        with contextlib.suppress(OSError):
            line.sendall(f"{code}\n".encode())
        os._exit(code)


def _exactly(line: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        text += line.recv(size - len(text))
    return text


def _run(arguments: list[str]) -> int:
    from prunescope.cli.app import main

    try:
        sys.argv = ["prunescope", *arguments]
        main()
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
