"""Whatever a page draws can be taken away, and its columns say what they mean."""

import ast
from pathlib import Path

import pytest

import prunescope.dashboard
from prunescope.dashboard.shared.explained import meanings
from prunescope.dashboard.tables.column_meanings import MEANINGS
from prunescope.planning.solve.goal import COSTS
from prunescope.text.numbers import capitalised

ROOT = Path(prunescope.dashboard.__file__).resolve().parent
PAGES = sorted(path for part in ("views", "shared") for path in (ROOT / part).rglob("*.py"))
WAITING = {"curves awaited"}
"""Keys of charts that hold nothing yet."""


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", None) or getattr(node.func, "id", None)) in names
    ]  # fmt: skip


def unnamed_charts(tree: ast.AST) -> list[int]:
    """Lines of charts whose files are called after nothing."""
    missing = []
    for chart in calls(tree, "plotly_chart"):
        given = {keyword.arg: keyword.value for keyword in chart.keywords}
        key = given.get("key")
        waiting = isinstance(key, ast.Constant) and key.value in WAITING
        if not waiting and not calls(given.get("config", ast.Pass()), "chart_config"):
            missing.append(chart.lineno)
    return missing


def kept_tables(tree: ast.AST) -> list[str]:
    """Functions that draw a table without offering it as a file or explaining its columns."""
    missing = []
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        tables = calls(function, "dataframe", "data_editor")
        offered = [c for c in calls(function, "table") if ast.unparse(c.func) == "take_away.table"]
        if len(offered) < len(tables) or len(calls(function, "explained")) < len(tables):
            missing.append(function.name)
    return missing


def static_tables(tree: ast.AST) -> list[ast.Call]:
    return [call for call in calls(tree, "table") if ast.unparse(call.func) == "st.table"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_chart_and_table_of_a_page_is_offered(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert unnamed_charts(tree) == []
    assert kept_tables(tree) == []
    assert len(calls(tree, "meanings")) >= len(static_tables(tree))


@pytest.mark.parametrize(
    ("file", "function", "here"),
    [
        ("shared/predicted_time.py", "_row", set()), ("shared/measured_speed.py", "_row", set()),
        ("tables/rounds.py", "rounds_table", set()),
        ("tables/delivered_files.py", "delivered_files", {"Model"}),
    ],
)  # fmt: skip
def test_every_column_of_a_static_table_has_a_meaning(
    file: str, function: str, here: set[str]
) -> None:
    tree = ast.parse((ROOT / file).read_text())
    rows = [
        one for made in ast.walk(tree)
        if isinstance(made, ast.FunctionDef) and made.name.removeprefix("_") in function + "_row"
        for one in ast.walk(made) if isinstance(one, ast.Dict)
    ]  # fmt: skip
    names = {
        key.value for row in rows for key in row.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value
    }  # fmt: skip
    assert len(names) > 2
    assert names - here <= set(MEANINGS)
    assert all(f"**{name}**" in meanings(sorted(names - here)) for name in names - here)


def test_every_cost_has_a_meaning() -> None:
    rows = [
        capitalised(words) for name, words in COSTS.items() if name not in ("latency", "memory")
    ]
    assert len(meanings(rows).splitlines()) == len(rows) == 7


def test_what_is_not_offered_is_seen() -> None:
    tree = ast.parse("def show(f):\n st.plotly_chart(f, key='x')\n st.dataframe(f)\n")
    assert (unnamed_charts(tree), kept_tables(tree)) == ([2], ["show"])
