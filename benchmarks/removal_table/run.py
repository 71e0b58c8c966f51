"""Make rows, each in a process of its own, keep them in files, and print or write the table."""

import argparse
import json
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.removal_table.models import LIBRARIES, names
from benchmarks.removal_table.peer import peer
from benchmarks.removal_table.round_trips import round_trips
from benchmarks.removal_table.row import row
from benchmarks.removal_table.table import document, line

_SECONDS: Final = {"row": 150, "files": 240, "peer": 120}
"""Of the processor; four times as many of the clock."""
_BYTES: Final = 6 << 30
_MAKERS: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "row": row, "files": round_trips, "peer": peer
}  # fmt: skip
_PRELOAD: Final = ("torchvision", "timm", "transformers", "benchmarks.removal_table.warm")
"""Imported once, so that each model's process starts with them."""


def apart(kind: str, name: str) -> dict[str, Any]:
    """Return what is made of a model in a process of its own, or how it ended."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD, __name__])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, kind, name))
    started = time.perf_counter()
    process.start()
    sender.close()
    try:
        if receiver.poll(4 * _SECONDS[kind]):
            answer: dict[str, Any] = receiver.recv()
        else:
            answer = {"stopped": f"over {_SECONDS[kind]} s"}
    except EOFError:
        process.join()
        late = process.exitcode == -signal.SIGXCPU
        answer = (
            {"stopped": f"over {_SECONDS[kind]} s"}
            if late
            else {"ended": f"the process ended with code {process.exitcode}"}
        )
    finally:
        process.kill()
        process.join()
    return {"model": name, **answer, "took": round(time.perf_counter() - started, 1)}


def _send(sender: Connection, kind: str, name: str) -> None:
    """Make it on one thread, in silence and within the memory, and send what comes of it."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (_BYTES, _BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS[kind], _SECONDS[kind] + 5))
    try:
        sender.send(_MAKERS[kind](name))
    except MemoryError:
        sender.send({"stopped": f"over {_BYTES >> 30} GiB"})
    except BaseException as error:  # noqa: BLE001  (whatever it says is the result)
        said = " ".join(str(error).split()).replace("|", "/")
        memory = "allocate memory" in said or "emory" in type(error).__name__
        sender.send(
            {"stopped": f"over {_BYTES >> 30} GiB"}
            if memory
            else {"ended": f"{type(error).__name__}: {said}"[:400], "trace": traceback.format_exc()}
        )


def stored(folder: Path, name: str, kind: str) -> Path:
    """Return the file in which what was made of a model lies."""
    return folder / f"{name.replace(':', '+')}.{kind}.json"


def rows_in(folder: Path, wanted: list[str]) -> list[dict[str, Any]]:
    """Return the rows that are there, with files and peers beside them."""
    made = []
    for name in wanted:
        path = stored(folder, name, "row")
        if path.exists():
            line_of = json.loads(path.read_text("utf-8"))
            for kind in ("files", "peer"):
                beside = stored(folder, name, kind)
                if beside.exists():
                    line_of[kind] = json.loads(beside.read_text("utf-8"))
            made.append(line_of)
    return made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Half of every group of public models removed.")
    libraries = ("torchvision", *LIBRARIES, "all")
    parser.add_argument("models", nargs="*", help="torchvision names, timm:NAME, transformers:NAME")
    parser.add_argument("--library", choices=libraries, default="all")
    parser.add_argument("--kind", choices=tuple(_MAKERS), default="row")
    parser.add_argument("--rows", type=Path, default=Path("build/removal_rows"))
    parser.add_argument("--again", action="store_true", help="make rows that are there, too")
    parser.add_argument("--write", type=Path, help="write the rows kept as a Markdown table")
    parser.add_argument("--more", type=Path, help="sections for the table's page, as they are")
    asked = parser.parse_args()
    wanted = asked.models or names(asked.library)
    if asked.write:
        rows = rows_in(asked.rows, wanted)
        more = asked.more.read_text("utf-8") if asked.more else ""
        there = {each["model"] for each in rows}
        asked.write.write_text(document(rows, [n for n in wanted if n not in there], more), "utf-8")
        return
    asked.rows.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        path = stored(asked.rows, name, asked.kind)
        if path.exists() and not asked.again:
            continue
        made = apart(asked.kind, name)
        path.write_text(json.dumps(made), "utf-8")
        print(line(made) if asked.kind == "row" else json.dumps(made), flush=True)
