"""Real files with random damage: every one is read or refused in a sentence, and none runs code."""

import json
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from prunescope.errors import PrunescopeError
from prunescope.fence.onnx_files import read_onnx
from prunescope.jobs.records import read_track
from prunescope.latency.table.exchange import import_table
from prunescope.latency.table.rows import LatencyRow, graph_digest, stored_rows
from prunescope.sources.arrays import from_file
from prunescope.sources.pt2 import load_program
from prunescope.sources.weights import load_weights
from prunescope.store.folder import StudyFolder
from prunescope.store.logits import LogitStore
from prunescope.store.parquet_table import Table
from prunescope.study.summaries import GraphSummary
from tests.analysis.fence.programs import exported, rewritten
from tests.analysis.fence.test_containers import arrays, onnx_file
from tests.analysis.store.rows import manifest, row
from tests.long import core

MUTATIONS = 50
"""Of a kind in one of the quarters, the first of which are tried every time."""
QUARTERS = range(4)
KEY = row().key
TIMED = replace(manifest(), graph=GraphSummary((), ()))


@dataclass(frozen=True)
class Kind:
    """A kind of file: what makes one, where it lies, what reads it, and whether it holds JSON."""

    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    json: bool = False


def program(folder: Path) -> Path:
    exported(folder / "m.pt2")
    return folder / "m.pt2"


def splits(folder: Path) -> Path:
    np.savez_compressed(folder / "d.npz", **arrays())
    return folder / "d.npz"


def tensors(folder: Path) -> Path:
    save_file(torch.nn.Linear(9, 3).state_dict(), folder / "w.safetensors")
    return folder / "w.safetensors"


def state(folder: Path) -> Path:
    torch.save(torch.nn.Linear(9, 3).state_dict(), folder / "w.pt")
    return folder / "w.pt"


def old_state(folder: Path) -> Path:
    linear = torch.nn.Linear(9, 3).state_dict()
    torch.save(linear, folder / "w.pth", _use_new_zipfile_serialization=False)
    return folder / "w.pth"


def latency(folder: Path) -> Path:
    rows = [
        LatencyRow(graph_digest(TIMED), "cpu", "PyTorch", "2", "float32", n, 1, "{}", "random",
                   1.0, 0.5, 0.4, 0.6, 9)
        for n in range(1, 40)
    ]  # fmt: skip
    stored_rows(folder).append(rows)
    (path,) = (folder / "latency").glob("*.parquet")
    return path.rename(folder / "table.parquet")


def take_in(path: Path) -> object:
    return import_table(path.parent / "study", TIMED, path)


def logits(folder: Path) -> Path:
    store = LogitStore(folder)
    made = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    store.extend([(KEY, 0, made), (row(0.7).key, 0, made)])
    (path,) = folder.glob("*.parquet")
    return path


def read_logits(path: Path) -> object:
    store = LogitStore(path.parent)
    return store.read_many([KEY]), store.samples(), store.compact()


def labels(folder: Path) -> Path:
    LogitStore(folder).write_targets(np.arange(50) % 5)
    return folder / "targets.parquet"


def measured(folder: Path) -> Path:
    Table(folder, type(row()), ("fingerprint", "subject", "sparsity")).append([row(), row(0.7)])
    (path,) = folder.glob("*.parquet")
    return path.rename(folder / "named by hand.parquet")


def read_measured(path: Path) -> object:
    return Table(path.parent, type(row()), ("fingerprint", "subject", "sparsity")).read()


def study(folder: Path) -> Path:
    StudyFolder.create(folder, manifest())
    return folder / "study.json"


def progress(folder: Path) -> Path:
    lines = [{"time": 1.5 + n, "total": 9, "message": "m", "values": {"loss": 0.5}, "steps": 1}
             for n in range(9)]  # fmt: skip
    (folder / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "progress.jsonl"


KINDS = {
    "program": Kind(program, load_program),
    "program's graph": Kind(program, load_program, json=True),
    "arrays": Kind(splits, from_file),
    "safetensors": Kind(tensors, load_weights),
    "state dict": Kind(state, load_weights),
    "old state dict": Kind(old_state, load_weights),
    "onnx": Kind(lambda folder: onnx_file(folder / "m.onnx", None), read_onnx),
    "latency table": Kind(latency, take_in),
    "logits": Kind(logits, read_logits),
    "labels": Kind(labels, lambda path: LogitStore(path.parent).targets()),
    "measurements": Kind(measured, read_measured),
    "manifest": Kind(study, lambda path: StudyFolder.open(path.parent)),
    "manifest's fields": Kind(study, lambda path: StudyFolder.open(path.parent), json=True),
    "progress": Kind(progress, read_track),
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Flip, cut, repeat or overwrite some bytes."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        at = chance.randrange(max(len(made), 1))
        match chance.randrange(6):
            case 0 | 1 if made:
                made[at] ^= 1 << chance.randrange(8)
            case 2:
                made[at : at + chance.randrange(9)] = b""
            case 3:
                made[at:at] = made[at : at + chance.randrange(200)]
            case 4:
                made[at : at + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"))
            case 5 if chance.random() < 0.2:
                del made[at:]
    return bytes(made)


def changed(value: Any, chance: random.Random, evil: str) -> None:
    """Replace one part of a JSON value, mostly a deep one, by something else."""
    while isinstance(value, dict | list) and value:
        place = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[place]
        if not isinstance(inner, dict | list) or not inner or chance.random() > 0.93:
            spoil(value, place, chance, evil)
            return
        value = inner


def spoil(value: Any, place: Any, chance: random.Random, evil: str) -> None:
    old = value[place]
    new = [
        evil, f"{old}+{evil}", f"x={evil}", f"');{evil};('", f'");{evil};("', f"\n{evil}\n", None,
        True, -1, 0, 1 << 62, 10**30, 0.5, float("nan"), "", "x", [], {}, [old], {"as_int": old},
        {"as_name": evil}, {"as_expr": {"expr_str": evil}}, {"as_string": evil}, "torch.hub.load",
        "torch.serialization.os.system", "__class__", "s0",
    ]  # fmt: skip
    match chance.randrange(8):
        case 0:
            del value[place]
        case 1 if isinstance(value, dict):
            value[evil] = value.pop(place)
        case 2 if isinstance(value, list):
            value.append(old)
        case _:
            value[place] = chance.choice(new)


def mutate(path: Path, kind: Kind, chance: random.Random, evil: str) -> None:
    def respelt(content: bytes) -> bytes:
        whole = json.loads(content)
        for _ in range(chance.choice((1, 1, 2, 4))):
            changed(whole, chance, evil)
        return json.dumps(whole).encode()

    if not kind.json:
        path.write_bytes(damaged(path.read_bytes(), chance))
    elif zipfile.is_zipfile(path):
        part = chance.choice(("models/model.json",) * 4 + ("weights_config.json",))
        rewritten(path, lambda name, old: respelt(old) if name.endswith(part) else old)
    else:
        path.write_bytes(respelt(path.read_bytes()))


@pytest.mark.parametrize("quarter", core(QUARTERS, {"0"}))
@pytest.mark.parametrize("name", KINDS)
def test_damage_is_read_or_refused_and_never_run(name, quarter, tmp_path):
    kind, proof = KINDS[name], tmp_path / "it-ran"
    evil = f"__import__('os').mkdir({str(proof)!r})"
    (tmp_path / "whole").mkdir()
    whole = kind.make(tmp_path / "whole")
    kind.read(whole)
    original = whole.read_bytes()
    refused = 0
    for seed in range(quarter * MUTATIONS, (quarter + 1) * MUTATIONS):
        chance = random.Random(f"{name} {seed}")
        folder = tmp_path / "damaged"
        folder.mkdir()
        path = folder / whole.name
        path.write_bytes(original)
        mutate(path, kind, chance, evil)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch, on graphs that it cannot compile
                kind.read(path)
        except PrunescopeError as error:
            refused += 1
            assert str(error).startswith("Expected "), (seed, str(error))
        assert not proof.exists(), seed
        shutil.rmtree(folder)
    silent = ("logits", "labels", "measurements", "progress")  # set aside instead, with a warning
    assert refused > MUTATIONS // 10 or name in silent
