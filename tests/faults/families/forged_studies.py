"""Studies that somebody changed: manifests, tables, results, and the records of jobs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tests.faults.bad_input import BadInput

Whole = dict[str, Any]
FOREIGN: Final = "study/study.json"


def _set(**changes: Any) -> Callable[[Whole], object]:
    return lambda whole: whole.update(changes)


def _layer(**changes: Any) -> Callable[[Whole], object]:
    return lambda whole: whole["layers"][0].update(changes)


MANIFESTS: Final[dict[str, Callable[[Whole], object]]] = {
    "a newer schema": _set(schema=2),
    "an old schema": _set(schema=0),
    "a schema of text": _set(schema="1"),
    "a schema of nothing": _set(schema=None),
    "a reference of a number": _set(reference=3),
    "a reference of nothing": _set(reference=None),
    "a model of a number": lambda whole: whole["reference"].update(model=3),
    "no model": lambda whole: whole["reference"].pop("model"),
    "no fingerprint": _set(fingerprint=""),
    "a fingerprint of a number": _set(fingerprint=7),
    "layers of an object": _set(layers={}),
    "layers of nothing": _set(layers=None),
    "layers of numbers": _set(layers=[1, 2]),
    "a layer twice": lambda whole: whole["layers"].append(whole["layers"][0]),
    "a layer of another shape": _layer(shape=[9, 9]),
    "a layer of a size below 0": _layer(parameters=-36, shape=[-4, 1, 3, 3]),
    "a layer without a name": lambda whole: whole["layers"][0].pop("name"),
    "a layer prunable as text": _layer(prunable="yes"),
    "parameters below 0": _set(parameters=-1),
    "parameters as text": _set(parameters="337"),
    "parameters with halves": _set(parameters=337.5),
    "operations of 1e30": _set(macs=10**30),
    "no tensors": _set(tensors=[]),
    "a tensor twice": lambda whole: whole["tensors"].append(whole["tensors"][0]),
    "a group of no units": lambda whole: whole["groups"][0].update(units=0),
    "a group of another dimension": lambda whole: whole["groups"][0]["members"][0].update(
        dimension=9
    ),
    "operations of no group": lambda whole: whole["mac_terms"][0].update(groups=[["zz", 1.0]]),
    "splits below 0": _set(splits={"calibration": -1, "validation": 1, "test": 1}),
    "splits of text": _set(splits="many"),
    "a score of text": lambda whole: whole["baseline"].update(score="good"),
    "no methods' names": lambda whole: whole["methods"][0].pop("name"),
    "a method of a number": _set(methods=[5]),
    "parts of a list": _set(parts=["weights"]),
    "a graph of text": _set(graph="graph"),
    "a graph that names nothing": lambda whole: whole["graph"]["nodes"][0].update(reads=[99999]),
}  # fmt: skip

TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "a field twice": lambda text: text.replace("{", '{"fingerprint": "a",', 1),
    "NaN": lambda text: text.replace('"parameters": 337', '"parameters": NaN', 1),
    "Infinity": lambda text: text.replace('"parameters": 337', '"parameters": Infinity', 1),
    "an array": lambda text: f"[{text}]",
    "deep": lambda text: '{"reference":' * 20_000 + "1" + "}" * 20_000,
    "two documents": lambda text: text + text,
    "a comma too many": lambda text: text.rstrip()[:-1] + ",}",
}  # fmt: skip

WRONG_TYPES: Final = {
    "measurements": ("show study", "samples"),
    "verifications": ("calibrate study --plans 2", "drop_sum"),
    "latency": ("time study --budget 0.3 --runtime torch --json", "ratio"),
}
"""Tables, the command that reads them, and a column to spoil."""


def inputs() -> Iterator[BadInput]:
    """Yield each of the changes, with the command that reads what was changed."""
    for name, edit in MANIFESTS.items():
        yield BadInput(
            "studies", f"manifest: {name}", ("show", "study"),
            prepare=lambda folder, edit=edit: edited(folder / FOREIGN, edit),
        )  # fmt: skip
    for name, change in TEXTS.items():
        yield BadInput(
            "studies", f"manifest: {name}", ("show", "study"),
            prepare=lambda folder, change=change: _text(folder / FOREIGN, change),
        )  # fmt: skip
    for table, (line, column) in WRONG_TYPES.items():
        for name, spoil in _SPOILS.items():
            yield BadInput(
                "studies", f"{table}: {name}", tuple(line.split()), aside=True,
                prepare=lambda folder, table=table, column=column, spoil=spoil: _tables(
                    folder / "study" / table, column, spoil
                ),
            )  # fmt: skip
    for name, content in {"text": b"x", "nothing": b"", "another object": b"{}"}.items():
        for line, files in _RESULTS.items():
            yield BadInput(
                "studies", f"{files}: {name}", tuple(line.split()), "", aside=True,
                prepare=lambda folder, files=files, content=content: [
                    path.write_bytes(content) for path in (folder / "study").glob(files)
                ],
            )  # fmt: skip


_RESULTS: Final = {
    "export study half --recovered --formats safetensors": "recovered/*/result.json",
    "export study half --recovered --formats safetensors --json": "recovered/*/weights.safetensors",
}


def _without(table: pa.Table, column: str) -> pa.Table:
    return table.drop_columns([column])


def _as_text(table: pa.Table, column: str) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, column, pa.array(["x"] * len(table)))


def _with_gaps(table: pa.Table, column: str) -> pa.Table:
    place, texts = table.schema.get_field_index("fingerprint"), [None] * len(table)
    place = place if place >= 0 else table.schema.get_field_index("graph")
    return table.set_column(place, table.schema.field(place).name, pa.array(texts, pa.string()))


_SPOILS: Final[dict[str, Callable[[pa.Table, str], pa.Table]]] = {
    "a column missing": _without, "a column of text": _as_text, "a column of gaps": _with_gaps,
}  # fmt: skip


def _tables(folder: Path, column: str, spoil: Callable[[pa.Table, str], pa.Table]) -> None:
    for number, path in enumerate(folder.glob("*.parquet")):
        spoilt = spoil(pq.read_table(path), column)
        path.unlink()
        pq.write_table(spoilt, folder / f"by hand {number}.parquet")


def edited(path: Path, edit: Callable[[Whole], object]) -> None:
    """Change the JSON of a document."""
    whole = json.loads(path.read_text())
    edit(whole)
    path.write_text(json.dumps(whole))


def _text(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
