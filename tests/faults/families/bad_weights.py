"""Weights whose files lie, run code, or hold other tensors than the model has."""

import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file

from tests.analysis.fence.test_containers import entry, safetensors
from tests.faults.bad_input import CANARY, BadInput


class RunsCode:
    """An object whose unpickling makes the canary."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Name the call that a careless reader makes."""
        return os.mkdir, (CANARY,)


HEADERS: Final[dict[str, object]] = {
    "past the end": entry(offsets=(0, 1 << 40)),
    "a shape of terabytes": entry(shape=(1 << 40,)),
    "an unknown type": entry(dtype="PY"),
    "a size below 0": entry(shape=(-1,)),
    "offsets backwards": entry(offsets=(8, 0)),
    "a gap": entry(offsets=(4, 12)),
    "an overlap": entry() | {"b": entry()["a"]},
    "nothing": {},
    "an array": [],
    "a text": "x",
    "a name twice": b'{"a": 1, "a": 2}',
    "five thousand brackets": b"[" * 5000,
    "a hundred thousand braces": b"{" * 100_000,
    "no type": entry(dtype=None),
    "no offsets": entry(offsets=None),
    "metadata that are numbers": {"__metadata__": {"a": 1}},
}


def _changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        state = load_file(folder / "weights.safetensors")
        change(state)
        save_file(state, folder / "weights.safetensors")

    return write


def _cast(kind: torch.dtype) -> Callable[[dict[str, Any]], object]:
    return lambda state: state.update({"head.weight": state["head.weight"].to(kind)})


STATES: Final[dict[str, tuple[Callable[[dict[str, Any]], object], str]]] = {
    "one missing": (lambda state: state.pop("conv.bias"), "missing"),
    "all missing": (lambda state: state.clear() or state.update(x=torch.ones(1)), "missing"),
    "one too many": (lambda state: state.update(more=torch.ones(1)), "more"),
    "another name": (lambda state: state.update(Conv=state.pop("conv.bias")), ""),
    "another shape": (lambda state: state.update({"conv.bias": torch.ones(5)}), ""),
    "turned": (lambda state: state.update({"head.weight": torch.ones(24, 3)}), ""),
    "whole numbers": (_cast(torch.int32), "is int32, not"),
    "truth values": (_cast(torch.bool), "is bool, not"),
    "complex numbers": (_cast(torch.complex64), "is complex64, not"),
    "NaN": (lambda state: state["head.bias"].fill_(torch.nan), "NaN or infinity"),
    "infinity": (lambda state: state["head.weight"].fill_(torch.inf), "NaN or infinity"),
}  # fmt: skip

PICKLES: Final[dict[str, Callable[[Path], object]]] = {
    "an object": lambda path: path.write_bytes(pickle.dumps({"a": RunsCode()})),
    "an object in torch's file": lambda path: torch.save({"a": RunsCode()}, path),
    "an object in torch's old file": lambda path: torch.save(
        {"a": RunsCode()}, path, _use_new_zipfile_serialization=False
    ),
    "a whole model": lambda path: torch.save(torch.nn.Linear(2, 2), path),
    "a list": lambda path: torch.save([torch.ones(2)], path),
    "numbers": lambda path: torch.save({"conv.bias": 3}, path),
    "a function's name": lambda path: torch.save({"a": os.system}, path),
    "bytes that are no pickle": lambda path: path.write_bytes(b"\x80\x04\x95"),
    "a loop": lambda path: path.write_bytes(b"(" * 100_000 + b"."),
    "a script": lambda path: _script(path),
}


def _script(path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))


def inputs() -> Iterator[BadInput]:
    """Yield each of them as ``--weights`` of the workplace's model."""
    for name, header in HEADERS.items():
        yield _case(
            f"header: {name}", "weights.safetensors", "to be a safetensors file",
            lambda folder, header=header: safetensors(folder / "weights.safetensors", header),
        )  # fmt: skip
    yield _case(
        "header: of terabytes", "weights.safetensors", "its header claims",
        lambda folder: (folder / "weights.safetensors").write_bytes(
            struct.pack("<Q", 1 << 42) + b"{}"
        ),
    )  # fmt: skip
    for name, (change, says) in STATES.items():
        yield _case(f"state: {name}", "weights.safetensors", says, _changed(change))
    for name, write in PICKLES.items():
        yield _case(
            f"pickle: {name}", "weights.pt", "",
            lambda folder, write=write: write(folder / "weights.pt"),
        )  # fmt: skip


def _case(name: str, file: str, says: str, prepare: Callable[[Path], object]) -> BadInput:
    line = f"sweep tiny.py:build --data data.npz --weights {file} --study new"
    return BadInput("weights", name, tuple(line.split()), says, prepare)
