"""Make rows, each in a process of its own, keep them, and print or write the table."""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import torch

from benchmarks.removal_table.models import FAMILIES, names
from benchmarks.removal_table.peer import peer
from benchmarks.removal_table.row import row
from benchmarks.removal_table.table import document, line

_SECONDS: Final = 900
_PEER_SECONDS: Final = 120
_PRELOAD: Final = ("torch._dynamo", "torch.export", "torchvision", "torch_pruning")
"""Imported once, so that each model's process starts with them."""


def apart(function: Callable[..., dict[str, Any]], seconds: int, *given: Any) -> dict[str, Any]:
    """Return what ``function`` returns in a process of its own, or how it failed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD, __name__])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, given))
    process.start()
    sender.close()
    try:
        if receiver.poll(seconds):
            answer: dict[str, Any] = receiver.recv()
            return answer
        return {"failed": f"stopped after {seconds} s"}
    except EOFError:
        process.join()
        return {"failed": f"ended with code {process.exitcode}"}
    finally:
        process.kill()
        process.join()


def _send(sender: Connection, function: Callable[..., dict[str, Any]], given: Any) -> None:
    """Run ``function`` on one thread, in silence, and send what it returns or says."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    torch.set_num_threads(1)
    try:
        sender.send(function(*given))
    except Exception as error:  # noqa: BLE001  (whatever it says is the result)
        said = " ".join(str(error).split()).replace("|", "/")
        sender.send({"failed": f"{type(error).__name__}: {said}"[:200]})


def made(name: str, export: bool, beside: bool) -> dict[str, Any]:
    """Return the row of one model, with Torch-Pruning's if ``beside``."""
    started = time.perf_counter()
    found = {"model": name, **apart(row, _SECONDS, name, export)}
    found["took"] = round(time.perf_counter() - started, 1)
    if beside:
        found["torch-pruning"] = apart(peer, _PEER_SECONDS, name)
    return found


def stored(path: Path | None) -> dict[str, dict[str, Any]]:
    """Return the rows kept in ``path`` by model; later ones replace earlier ones."""
    if path is None or not path.exists():
        return {}
    rows = [json.loads(each) for each in path.read_text().splitlines()]
    return {each["model"]: each for each in rows}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Half of every group of public models removed.")
    sets = ("torchvision", "segmentation", "timm", "transformers", "others", "all")
    parser.add_argument("models", nargs="*", help="torchvision names, timm:NAME, transformers:NAME")
    parser.add_argument("--set", choices=sets, default="torchvision")
    parser.add_argument("--export", choices=("none", "family", "all"), default="none")
    parser.add_argument("--torch-pruning", choices=("none", "family", "all"), default="none")
    parser.add_argument("--rows", type=Path, help="keep finished rows here and make only the rest")
    parser.add_argument("--write", type=Path, help="write the rows kept as a Markdown table")
    asked = parser.parse_args()
    if asked.write:
        found = stored(asked.rows)
        known = names(asked.set)
        rows, absent = [found[n] for n in known if n in found], [n for n in known if n not in found]
        asked.write.write_text(document(rows, absent))
    else:
        _walk(asked)


def _walk(asked: argparse.Namespace) -> None:
    def wanted(choice: str, name: str) -> bool:
        return choice == "all" or (choice == "family" and (name in FAMILIES or ":" in name))

    known = stored(asked.rows)
    for name in asked.models or names(asked.set):
        if name in known:
            continue
        found = made(name, wanted(asked.export, name), wanted(asked.torch_pruning, name))
        print(line(found), flush=True)
        if asked.rows:
            with asked.rows.open("a") as file:
                file.write(json.dumps(found) + "\n")
