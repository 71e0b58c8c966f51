"""``prunescope`` and ``python`` as commands that start in milliseconds, for tests of many of them.

A fresh Python takes four seconds to import torch, and an export starts one for each of its files.
Here one process has imported everything and forks a child for each command; the command is a small
script that hands its arguments, folder, environment and open files over, passes signals on, and
ends with the child's code. Where it is killed, the child is. The child's own code is what would run
otherwise, and knows of nothing that another process did; what it starts itself is as quick.

The server only imports, and does so with one thread: whatever thread it had would be missing in a
child, and whoever waits for that one waits for ever. Where nothing of all this may be there yet
(``python -I``), the command is the real Python.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).parents[1]
_OURS: Final = "prunescope"
_IMPORTED: Final = (
    "torch.export._trace", "torch.onnx._internal.exporter._core", "onnx", "onnxscript",
    "prunescope.export.fresh_process", "prunescope.cli.warm_process", "plotly.graph_objects",
    "streamlit.web.cli", "streamlit.web.bootstrap", "streamlit.web.server.server",
)  # fmt: skip
"""What commands import besides all of ours. ONNX Runtime starts a thread as it is imported."""
_COMMAND: Final = """#!{python} -IS
import array, json, os, signal, socket, sys
asked = {head!r} + sys.argv[1:]
if "-I" in asked[:3]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
line.connect({address!r})
asked = json.dumps({{"arguments": asked, "folder": os.getcwd(),
                     "environment": dict(os.environ)}}).encode()
files = array.array("i", [0, 1, 2])
line.sendmsg([len(asked).to_bytes(8, "little")],
             [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
line.sendall(asked)
answers = line.makefile("r")
child, passed = int(answers.readline()), signal.SIGKILL
def pass_on(number, frame):
    global passed
    passed = number
    try:
        os.kill(child, number)
    except ProcessLookupError:
        pass
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, pass_on)
code = answers.readline().strip()
if code:
    sys.exit(int(code))
if passed != signal.SIGKILL:
    signal.signal(passed, signal.SIG_DFL)
os.kill(os.getpid(), passed)  # as the child was
"""


class WarmCommands:
    """A context manager whose ``folder`` belongs in front of ``PATH``.

    Attributes:
        folder: Holds ``prunescope``.
        python: Takes the place of the environment's Python.
    """

    def __enter__(self) -> Self:
        self._made = tempfile.TemporaryDirectory(prefix="warm-")
        self.folder = Path(self._made.name) / "bin"
        self.folder.mkdir()
        self.python = Path(self._made.name) / "python"
        address = str(Path(self._made.name) / "line")
        for file, head in (
            (self.folder / _OURS, [_OURS]),
            (self.python, []),
        ):
            file.write_text(_COMMAND.format(python=sys.executable, address=address, head=head))
            file.chmod(0o755)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_commands", address, str(self.python)], cwd=ROOT,
            stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
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


def serve(address: str, python: str) -> None:
    """Import everything, then fork a child for each connection."""
    from tests.faults.fork_server import import_everything

    answers = os.fdopen(os.dup(1), "w")
    import_everything()
    for name in _IMPORTED:
        importlib.import_module(name)
    assert threads() == 1, f"{threads()} threads, of which a child would have one"
    sys.executable = python
    gc.collect()
    gc.freeze()  # a child that collects would copy all of it
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(address)
    door.listen(64)
    print("ready", file=answers, flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while True:
        line, _ = door.accept()
        if os.fork() == 0:
            door.close()
            answers.close()
            _child(line)
        line.close()


def threads() -> int:
    """How many threads this process has, besides the one that Arrow's allocator starts anew."""
    if sys.platform != "linux":
        return threading.active_count()
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
    return len(names) - names.count("jemalloc_bg_thd\n")


def _child(line: socket.socket) -> None:
    """Be the command, and never come back."""
    code = 1  # of whatever ends in a traceback
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line.sendall(f"{os.getpid()}\n".encode())
        size, ancillary, _, _ = line.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        files = array.array("i")
        files.frombytes(ancillary[0][2])
        for target, source in enumerate(files):
            os.dup2(source, target)
            os.close(source)
        asked = json.loads(_exactly(line, int.from_bytes(size, "little")))
        threading.Thread(target=_die_with, args=(line,), daemon=True).start()
        os.chdir(asked["folder"])
        before = os.environ.get("PYTHONPATH", "")
        os.environ.clear()
        os.environ.update(asked["environment"])
        _paths(before, os.environ.get("PYTHONPATH", ""))
        sys.modules["torch"].set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
        code = _run(asked["arguments"])
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        with contextlib.suppress(OSError):
            line.sendall(f"{code}\n".encode())
        os._exit(code)


def _die_with(line: socket.socket) -> None:
    """End this process as soon as the one that asked for it is gone."""
    with contextlib.suppress(OSError):
        while line.recv(1):
            pass
    os.kill(os.getpid(), signal.SIGKILL)


def _exactly(line: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        text += line.recv(size - len(text))
    return text


def _paths(before: str, after: str) -> None:
    """Have on the path what a Python with this ``PYTHONPATH`` has, and no folder of the server."""
    servers = [path for path in before.split(os.pathsep) if path]
    others = [path for path in sys.path[1:] if path not in servers]
    sys.path[:] = [*(os.path.abspath(path) for path in after.split(os.pathsep) if path), *others]
    importlib.invalidate_caches()


def _run(arguments: Sequence[str]) -> int:
    """Do as ``python ARGUMENTS`` does; return the code that it ends with."""
    rest = list(arguments)
    safe = rest[0] == _OURS
    while rest[0] in ("-P", "-u", "-W"):
        flag = rest.pop(0)
        safe |= flag == "-P"
        if flag == "-W":
            sys.warnoptions.append(rest.pop(0))
            warnings._processoptions(sys.warnoptions[-1:])  # type: ignore[attr-defined]
    what = rest.pop(0) if rest[0] in ("-m", "-c") else ""
    sys.argv = ["-c", *rest[1:]] if what == "-c" else rest
    if not safe:
        sys.path.insert(0, {"-m": os.getcwd(), "-c": ""}.get(what, str(Path(rest[0]).parent)))
    try:
        if what == "-m":
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        elif what == "-c":
            sys.modules["__main__"] = script = types.ModuleType("__main__")
            exec(compile(rest[0], "<string>", "exec"), script.__dict__)
        elif rest[0] == _OURS:
            from prunescope.cli.app import main

            main()
        else:
            runpy.run_path(rest[0], run_name="__main__")
    except SystemExit as left:
        if isinstance(left.code, str):
            print(left.code, file=sys.stderr)
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
