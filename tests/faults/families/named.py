"""What the attack on 0121962 ended in a traceback, in silence, or in minutes without a word.

Each of them by the name under which the issue told it.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from tests.conftest import TINY
from tests.faults.bad_input import BadInput
from tests.faults.families.bad_arrays import changed
from tests.faults.families.bad_code import FAULTS
from tests.faults.families.code_fault import SWEEP as CODE_SWEEP
from tests.faults.families.code_fault import of_code

SWEEP: Final = "sweep net.pt2 --data data.npz --study new"
MORE: Final = "sweep --study study --sparsities 0.5 --methods random "
HUGE: Final = str(2**63)

CODE: Final = {
    "a model without parameters": ("build", "has no parameters"),
    "a lazy module": ("build", "is lazy"),
    "a module that contains itself": ("build", "contains itself"),
    "a dynamically quantised model": ("build", "is dynamically quantised"),
    "data on the meta device": ("splits", "is on the meta device"),
    "sparse data": ("splits", "is sparse"),
    "a builder that loops": ("build", "loops"),
    "a metric that returns a batch mean": ("metric", "gives the batch mean to each"),
    "a metric that returns complex numbers": ("metric", "gives complex numbers"),
    "sys.exit(0) in a builder": ("build", "leaves with 0"),
}

LINES: Final = (
    ("--seeds past 2^63", MORE + f"--seeds {HUGE}", f"0 to 4294967295, but got {HUGE}"),
    ("--seed past 2^63", f"finetune study half --seed {HUGE}", "0 to 4294967295"),
    ("--threads 100000", MORE + "--threads 100000", "Expected threads to be a whole number"),
    ("a study path of 300 letters", f"show {'x' * 300}", "names of at most 240 bytes"),
    ("a new study's path of 300 letters", f"sweep M --data D --study {'x' * 300}", "240 bytes"),
    ("--shape 1000000,1000000", "inspect tiny.py:build --shape 1000000,1000000", "134217728 elem"),
    ("imagefolder:/", "sweep net.pt2 --data imagefolder:/ --study new", "Expected"),
    ("time --batch 100000000", "time study --batch 100000000", "from 1 to 65536"),
    ("calibrate --plans 100000", "calibrate study --plans 100000", "from 1 to 1000"),
    ("sample:mlp with imagefolder:", "sweep sample:mlp --data imagefolder:images --study new",
     "to run on this data"),
    ("plan --seconds -1", "plan study --target macs=0.7 --seconds -1", "but got -1.0"),
    ("--limit without decide", "sweep --study study --limit 0.02", "Take mode decide or adaptive"),
    ("an unknown --runtime", "time study half --runtime onx", "'onx'. Closest: onnx"),
    ("show --method zz", "show study --method zz", "'zz'. Choose from: l1@channel, magnitude."),
    ("--study \"\"", "sweep net.pt2 --data data.npz --study ", "to be a path, but got ''"),
    ("time --budget nan", "time study --budget nan", "but got nan"),
)  # fmt: skip


def _npz(name: str, says: str, change: Callable[[dict[str, np.ndarray]], object]) -> BadInput:
    line = tuple(SWEEP.split())
    return BadInput("named", name, line, says, lambda folder: changed(folder / "data.npz", change))


def _plan(name: str, says: str, change: Callable[[str], str]) -> BadInput:
    def write(folder: Path) -> None:
        path = folder / "plan.json"
        path.write_text(change(path.read_text()))

    return BadInput("named", name, ("verify", "study", "plan.json"), says, write)


def inputs() -> Iterator[BadInput]:
    """Yield all that the issue names; big-endian arrays are read, see their reader's test."""
    for name, (part, fault) in CODE.items():
        (known,) = [each for each in FAULTS if (each.part, each.name) == (part, fault)]
        yield of_code("named", name, known)
    for name, line, says in LINES:
        yield BadInput("named", name, tuple(line.split(" ")), says)
    yield _lying("npz claiming 3.6 TiB")
    yield _npz(
        "validation_inputs and validation_inputs_a", "Remove one",
        lambda arrays: arrays.update(validation_inputs_a=arrays["validation_inputs"]),
    )  # fmt: skip
    for kind, dtype in (("int", "int32"), ("bool", "bool")):
        yield _weights(f"{kind} weights cast to float", dtype)
    yield _plan("duplicate keys in a plan", "twice", lambda text: text.replace(
        "{", '{"name": "a", "name": "b",', 1))  # fmt: skip
    yield _plan("numbers as text in a plan", "valid number", lambda text: _quoted(text))
    yield from _forged()
    yield from _memory()


def _quoted(text: str) -> str:
    whole = json.loads(text)
    for choice in whole["choices"].values():
        choice["sparsity"] = str(choice["sparsity"])
    return json.dumps(whole)


def _lying(name: str) -> BadInput:
    from tests.faults.families.bad_arrays import MEMBERS, _member

    return BadInput(
        "named", name, tuple(SWEEP.split()), "claims 4,000,000,000,000 bytes",
        lambda folder: _member(folder / "data.npz", MEMBERS["four terabytes"]),
    )  # fmt: skip


def _weights(name: str, dtype: str) -> BadInput:
    from safetensors.numpy import load_file, save_file

    def write(folder: Path) -> None:
        path = folder / "weights.safetensors"
        state = load_file(path)
        state["head.weight"] = state["head.weight"].astype(dtype)
        save_file(state, path)

    line = "sweep tiny.py:build --data data.npz --weights weights.safetensors --study new"
    return BadInput("named", name, tuple(line.split()), f"is {dtype}, not", write)


def _forged() -> Iterator[BadInput]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def targets(folder: Path) -> None:
        pq.write_table(
            pa.table({"target": ["a"] * 60}), folder / "study" / "logits" / "targets.parquet"
        )

    def logits(folder: Path) -> None:
        for path in (folder / "study" / "logits").glob("*.parquet"):
            if path.name != "targets.parquet":
                table = pq.read_table(path)
                at = table.schema.get_field_index("rows")
                rows = pa.array([1 << 40] * len(table), table.schema.field("rows").type)
                path.unlink()
                pq.write_table(table.set_column(at, "rows", rows), path.with_name("a.parquet"))

    def tensors(folder: Path) -> None:
        path = folder / "study" / "study.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"tensors": []}))

    calibrate = ("calibrate", "study", "--plans", "3")
    yield BadInput("named", "forged logits", calibrate, "logits", logits, aside=True)
    yield BadInput("named", "forged targets", calibrate, "targets", targets, aside=True)
    yield BadInput(
        "named", "a forged manifest without tensors", ("show", "study"), "lists no tensors", tensors
    )
    yield BadInput(
        "named", "progress.jsonl with \"time\": \"x\"", ("jobs", "study", "cancel"),
        "Expected", _progress,
    )  # fmt: skip


def _progress(folder: Path) -> None:
    """A job of nobody, whose progress is no progress: listed as one that has died."""
    job = folder / "study" / "jobs" / "0001-sweep"
    job.mkdir(parents=True)
    (job / "job.json").write_text('{"arguments": ["sweep", "--study", "{study}"], "created": 1.0}')
    (job / "progress.jsonl").write_text('{"time": "x"}\n{"time": NaN, "steps": 1}\n')


def _memory() -> Iterator[BadInput]:
    """Memory that runs out in the user's code, and in ours, under the fork server's limit."""
    (known,) = [f for f in FAULTS if (f.part, f.name) == ("build", "wants a petabyte")]
    yield of_code("named", "out of memory in a model", known)

    def large(folder: Path) -> None:
        text = TINY.replace('"test": part(30)', '"test": part(80_000_000)')
        (folder / "mine.py").write_text(text)

    yield BadInput(
        "named", "out of memory in data", CODE_SWEEP, "memory", large,
    )  # fmt: skip
