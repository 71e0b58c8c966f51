"""Key facts have one home: a second place that writes them down is named here."""

import ast
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from prunescope.cli.app import COMMANDS

ROOT = Path(__file__).parents[1]
_COMMAND = re.compile(rf"\bprunescope ({'|'.join(COMMANDS)})\b|(?<!\S)--[a-z][a-z-]+")
_UNIT = re.compile(r"^ ?[kMG]?B\b")
Check = Callable[[ast.AST], bool]


def prose(tree: ast.AST) -> set[ast.AST]:
    """Docstrings, and strings that document an attribute."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def formats_thousands_or_percent(node: ast.AST) -> bool:
    """``{number:,}``, ``{share:.1%}``, ``"{:,}"``: by ``text.numbers`` and ``text.units``."""
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        spec = "".join(str(v.value) for v in node.format_spec.values if isinstance(v, ast.Constant))
        return "," in spec or spec.endswith("%")
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and "{:," in node.value


def writes_bytes(node: ast.AST) -> bool:
    """``{size / 1e6:.3g} MB``: by ``text.units``."""
    if not isinstance(node, ast.JoinedStr):
        return False
    pairs = zip(node.values, node.values[1:], strict=False)
    return any(
        isinstance(number, ast.FormattedValue)
        and isinstance(unit, ast.Constant)
        and _UNIT.match(str(unit.value)) is not None
        for number, unit in pairs
    )


def builds_a_key(node: ast.AST) -> bool:
    """A tuple with the measurement's version: by ``study.point``."""
    versions = ("MEASUREMENT_VERSION", "measurement_version")
    return isinstance(node, ast.Tuple) and any(
        isinstance(name, ast.Name) and name.id in versions
        for part in node.elts
        for name in ast.walk(part)
    )


def lists_units(node: ast.AST) -> bool:
    """``("channel", "head")``: by ``study.method``."""
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and {
        part.value for part in node.elts if isinstance(part, ast.Constant)
    } >= {"channel", "head"}


def names_a_command(node: ast.AST) -> bool:
    """``prunescope sweep`` or ``--option`` in a sentence: by ``commands.next_steps``."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _COMMAND.search(node.value) is not None
    )


def types_arguments(node: ast.AST) -> bool:
    """``["sweep", …]``: by the requests in ``commands``."""
    return (
        isinstance(node, ast.List)
        and len(node.elts) > 1
        and isinstance(node.elts[0], ast.Constant)
        and node.elts[0].value in COMMANDS
        and not all(isinstance(each, ast.Constant) and each.value in COMMANDS for each in node.elts)
    )


def types_an_array(node: ast.AST) -> bool:
    """``NDArray[np.float64]``: by ``arrays``."""
    return isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("NDArray")


OPTIONS = ("analysis/commands", "analysis/cli", "analysis/latency/gpu_clocks.py")
"""Where options are spelled: ours, and those of the driver's own program."""

HOMES: list[tuple[Check, tuple[str, ...], tuple[str, ...], str]] = [
    (formats_thousands_or_percent, ("analysis", "dashboard"), ("analysis/text",), "f'{n:,}'"),
    (formats_thousands_or_percent, ("analysis", "dashboard"), ("analysis/text",), "f'{n:.1%}'"),
    (formats_thousands_or_percent, ("benchmarks",), (), "'{:,}'.format(n)"),
    (writes_bytes, ("analysis", "dashboard"), ("analysis/text",), "f'{n / 1e6:.3g} MB'"),
    (builds_a_key, ("analysis", "dashboard"), ("analysis/study/point.py",),
     "key = (manifest.fingerprint, MEASUREMENT_VERSION, subject)"),
    (lists_units, ("analysis", "dashboard"), ("analysis/study/method.py",), "('channel', 'head')"),
    (names_a_command, ("analysis",), OPTIONS,
     "f'Measure one: prunescope time {study}.'"),
    (names_a_command, ("analysis",), OPTIONS, "say('Add --data D.')"),
    (types_arguments, ("analysis", "dashboard"), ("analysis/commands",), "['verify', study, plan]"),
    (types_an_array, ("analysis", "dashboard"), ("analysis/arrays.py",), "x: NDArray[np.bool_]"),
]  # fmt: skip
"""A check, where it looks, where the fact is at home, and a second home that it must notice."""


def second_homes(source: str, checks: Iterable[Check]) -> Mapping[Check, list[int]]:
    """By each check, the lines of ``source`` that write its fact down themselves."""
    tree = ast.parse(source)
    said = prose(tree)
    told = [node for node in ast.walk(tree) if node not in said]
    return {check: [node.lineno for node in told if check(node)] for check in checks}  # type: ignore[attr-defined]


@functools.cache
def of_file(file: Path) -> Mapping[Check, list[int]]:
    """The same of a file by all checks, which is parsed once for them."""
    return second_homes(file.read_text(), {home[0] for home in HOMES})


@pytest.mark.parametrize(("check", "where", "homes"), [home[:3] for home in HOMES])
def test_a_fact_has_one_home(check: Check, where: tuple[str, ...], homes: tuple[str, ...]) -> None:
    found, looked = [], 0
    for file in (file for room in where for file in sorted((ROOT / room).rglob("*.py"))):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(homes or ("-",)):
            looked += 1
            found += [f"{name}:{line}" for line in of_file(file)[check]]
    assert looked > 10
    assert found == [], f"{check.__doc__}"


@pytest.mark.parametrize(("check", "example"), [(home[0], home[3]) for home in HOMES])
def test_a_second_home_is_noticed(check: Check, example: str) -> None:
    assert second_homes(example, [check])[check] == [1]
