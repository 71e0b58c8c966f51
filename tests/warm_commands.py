"""``prunescope`` and ``python`` as commands that start in milliseconds, for tests of many of them.

A fresh Python takes four seconds to import torch, and an export starts one for each of its files.
Here one process has imported everything and forks a child for each command; the command is a small
script that hands its arguments, folder, environment and open files over, passes signals on, and
ends with the child's code. Where it is killed, the child is. The child's own code is what would run
otherwise, and knows of nothing that another process did; what it starts itself is as quick.

The server only imports, and does so with one thread: whatever thread it had would be missing in a
child, and whoever waits for that one waits for ever. ``python -I``, which may have nothing of ours,
is forked from another process, which has imported torch alone.
"""

import array
import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn, Self

ROOT: Final = Path(__file__).parents[1]
_OURS: Final = "prunescope"
_DEATH_SIGNAL: Final = 1
"""``PR_SET_PDEATHSIG``: the signal that comes when the parent ends."""
_IMPORTED: Final = (
    "torch.export._trace", "torch.onnx._internal.exporter._core", "onnx", "onnxscript",
    "prunescope.export.fresh_process", "prunescope.cli.warm_process", "plotly.graph_objects",
    "streamlit.web.cli", "streamlit.web.bootstrap", "streamlit.web.server.server",
)  # fmt: skip
"""What commands import besides all of ours. ONNX Runtime starts a thread as it is imported."""
_BARE: Final = ("torch", "torch.utils._pytree", "safetensors.torch")
"""What they import where nothing of ours is."""
_BARE_LINE: Final = ".bare"
_COMMAND: Final = """#!{python} -IS
import array, json, os, signal, socket, sys
asked = {head!r} + sys.argv[1:]
line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
line.connect({address!r} + ("{bare}" if "-I" in asked[:3] else ""))
asked = json.dumps({{"arguments": asked, "folder": os.getcwd(),
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
code = int(answers.readline() or -signal.SIGKILL)
if code < 0:  # as the child ended
    if code != -signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
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
            file.write_text(
                _COMMAND.format(python=sys.executable, address=address, head=head, bare=_BARE_LINE)
            )
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
    answers = os.fdopen(os.dup(1), "w")
    sys.executable = python
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    for name in _BARE:
        importlib.import_module(name)
    bare = _door(address + _BARE_LINE)
    if os.fork() == 0:
        answers.close()
        if sys.platform == "linux":  # ends with the other one
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
        _answer(bare)
    bare.close()

    from tests import read_once
    from tests.faults.fork_server import import_everything

    import_everything()
    for name in _IMPORTED:
        importlib.import_module(name)
    read_once.operators_of_onnx()
    sys.modules["torch.onnx._internal.exporter._registration"].onnxscript_apis.get_torchlib_ops()
    read_once.components_of_packages()
    sys.modules["streamlit.components.v2.manifest_scanner"].scan_component_manifests()
    for _ in range(100):  # threads that looked through packages are gone a moment later
        if threads() == 1:
            break
        time.sleep(0.01)
    door = _door(address)
    print("ready", file=answers, flush=True)
    answers.close()
    _answer(door)


def _door(address: str) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(address)
    door.listen(64)
    return door


def _answer(door: socket.socket) -> NoReturn:
    """Fork a process for each connection, which looks after the command."""
    assert threads() == 1, f"{threads()} threads, of which a child would have one"
    gc.collect()
    gc.freeze()  # a child that collects would copy all of it
    while True:
        line, _ = door.accept()
        if os.fork() == 0:
            door.close()
            with contextlib.suppress(OSError):  # who asked is gone
                _look_after(line)
            os._exit(0)
        line.close()


def _look_after(line: socket.socket) -> None:
    """Have a child that is the command; end it with who asked for it, who hears how it ends."""
    size, ancillary, _, _ = line.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    files = array.array("i")
    files.frombytes(ancillary[0][2])
    asked = json.loads(_exactly(line, int.from_bytes(size, "little")))
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for file in (ended, wake):
            os.close(file)
        line.close()
        _be(asked, files)
    for file in files:
        os.close(file)
    with contextlib.suppress(OSError):
        line.sendall(f"{child}\n".encode())
    while True:
        readable, _, _ = select.select([line, ended], [], [])
        if line in readable:  # nobody says anything more: who asked is gone
            os.kill(child, signal.SIGKILL)
        done, status = os.waitpid(child, 0 if line in readable else os.WNOHANG)
        if done:
            line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            return
        os.read(ended, 1)


def threads() -> int:
    """How many threads this process has, besides the one that Arrow's allocator starts anew."""
    if sys.platform != "linux":
        return threading.active_count()
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").iterdir()]
    return len(names) - names.count("jemalloc_bg_thd\n")


def _be(asked: dict[str, Any], files: Sequence[int]) -> NoReturn:
    """Be the command, and never come back."""
    code = 1  # of whatever ends in a traceback
    try:
        for target, source in enumerate(files):
            os.dup2(source, target)
            os.close(source)
        os.chdir(asked["folder"])
        before = os.environ.get("PYTHONPATH", "")
        os.environ.clear()
        os.environ.update(asked["environment"])
        isolated = "-I" in asked["arguments"][:3]
        _paths(before, "" if isolated else os.environ.get("PYTHONPATH", ""))
        sys.modules["torch"].set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
        code = _run(asked["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


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
    while rest[0] in ("-I", "-P", "-u", "-W"):
        flag = rest.pop(0)
        safe |= flag in ("-I", "-P")
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
