"""Plans that somebody wrote or changed by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.faults.bad_input import BadInput

_LINE: Final = ("verify", "study", "plan.json")
_CHOICE: Final = '{"criterion": "magnitude", "sparsity": 0.1, "granularity": "weight"}'
Whole = dict[str, Any]


def _set(**changes: Any) -> Callable[[Whole], object]:
    return lambda whole: whole.update(changes)


def _choice(**changes: Any) -> Callable[[Whole], object]:
    def change(whole: Whole) -> None:
        for choice in whole["choices"].values():
            choice.update(changes)

    return change


def _subject(name: str) -> Callable[[Whole], object]:
    def change(whole: Whole) -> None:
        whole["choices"] = {name: next(iter(whole["choices"].values()))}

    return change


EDITS: Final[dict[str, Callable[[Whole], object]]] = {
    "another study's": _set(fingerprint="0123456789abcdef"),
    "no fingerprint": lambda whole: whole.pop("fingerprint"),
    "a number as fingerprint": _set(fingerprint=7),
    "a list of choices": _set(choices=[]),
    "a text as choices": _set(choices="conv"),
    "nothing as choices": _set(choices=None),
    "a number as a choice": _set(choices={"conv": 0.5}),
    "an unknown layer": _subject("konv"),
    "a layer of no name": _subject(""),
    "a layer of a long name": _subject("x" * 100_000),
    "a layer of another file": _subject("../../etc/passwd"),
    "a layer of markup": _subject("<script>alert(1)</script>"),
    "a sparsity below 0": _choice(sparsity=-0.5),
    "a sparsity above 1": _choice(sparsity=1.5),
    "percent": _choice(sparsity=50),
    "a sparsity as text": _choice(sparsity="0.5"),
    "no sparsity": _choice(sparsity=None),
    "a list as sparsity": _choice(sparsity=[0.5]),
    "true as sparsity": _choice(sparsity=True),
    "an unknown criterion": _choice(criterion="magnitud"),
    "no criterion": _choice(criterion=None),
    "a number as criterion": _choice(criterion=3),
    "a criterion of a file": _choice(criterion="/tmp/evil.py:score"),
    "an unknown granularity": _choice(granularity="chanel"),
    "units of a layer": _choice(granularity="head"),
    "a pattern": _choice(granularity="4:2"),
    "an unknown recovery": _set(recovery="bm"),
    "a number as recovery": _set(recovery=2),
    "a number as name": _set(name=5),
    "no name": lambda whole: whole.pop("name"),
}  # fmt: skip

TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "a layer twice": lambda text: text.replace(
        '"choices": {', f'"choices": {{"conv": {_CHOICE}, "conv": {_CHOICE},'
    ),
    "a name twice": lambda text: text.replace("{", '{"name": "a", "name": "b",', 1),
    "a sparsity of NaN": lambda text: _numbers(text, "NaN"),
    "a sparsity of Infinity": lambda text: _numbers(text, "Infinity"),
    "a sparsity of 1e999": lambda text: _numbers(text, "1e999"),
    "a sparsity with a comma": lambda text: _numbers(text, "0,5"),
    "a comment": lambda text: "// mine\n" + text,
    "a comma too many": lambda text: text.rstrip()[:-1] + ",}",
    "single quotes": lambda text: text.replace('"', "'"),
    "two documents": lambda text: text + text,
    "a mark in front": lambda text: "\ufeff" + text,
    "a lone surrogate": lambda text: text.replace('"name": "', '"name": "\\ud800', 1),
    "an array": lambda text: f"[{text}]",
    "a text": lambda text: json.dumps(text),
    "a number": lambda text: "7",
    "null": lambda text: "null",
    "deep": lambda text: '{"choices":' * 20_000 + "1" + "}" * 20_000,
}  # fmt: skip


def _numbers(text: str, value: str) -> str:
    lines = (
        f'{line[: line.index(":")]}: {value}{"," if line.rstrip().endswith(",") else ""}'
        if '"sparsity"' in line else line
        for line in text.splitlines()
    )  # fmt: skip
    return "\n".join(lines)


def inputs() -> Iterator[BadInput]:
    """Yield the plan of the workplace with each of the changes."""
    for name, edit in EDITS.items():
        yield BadInput(
            "plans", name, _LINE,
            prepare=lambda folder, edit=edit: _edit(folder / "plan.json", edit),
        )  # fmt: skip
    for name, change in TEXTS.items():
        yield BadInput(
            "plans", name, _LINE,
            prepare=lambda folder, change=change: _write(folder / "plan.json", change),
        )  # fmt: skip


def _edit(path: Path, edit: Callable[[Whole], object]) -> None:
    whole = json.loads(path.read_text())
    edit(whole)
    path.write_text(json.dumps(whole))


def _write(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()), encoding="utf-8")
