"""Whatever a page draws can be taken away, and its columns say what they mean."""

import ast
from pathlib import Path

import pytest

import prunescope.dashboard

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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_chart_and_table_of_a_page_is_offered(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert unnamed_charts(tree) == []
    assert kept_tables(tree) == []


def test_what_is_not_offered_is_seen() -> None:
    tree = ast.parse("def show(f):\n st.plotly_chart(f, key='x')\n st.dataframe(f)\n")
    assert (unnamed_charts(tree), kept_tables(tree)) == ([2], ["show"])
