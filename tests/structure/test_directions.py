"""Who may import whom: pages the engine, nobody the pages, the sample models nothing of ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.import_graph import ImportGraph, import_graph
from tests.structure.trees import tree

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]


def against_the_direction(graph: ImportGraph) -> Iterator[tuple[str, str]]:
    """Yield importer and imported where one may not know the other."""
    for module, imported in graph.arrows.items():
        for name in imported:
            if not _may_import(_area(module), name):
                yield module, name


def _may_import(area: str, name: str) -> bool:
    """Whether a module of ``area`` may import the module ``name``.

    The command line may start the dashboard, but knows none of its pages. The sample models are
    data: the engine reads them, and they know nothing of it.
    """
    other = _area(name)
    if area == other:
        return True
    if area == "sample_models":
        return False
    engine = other in ("analysis", "sample_models")
    return engine or (area == "cli" and name == "prunescope.dashboard.launch_command")


def _area(module: str) -> str:
    second = [*module.split("."), ""][1]
    return second if second in ("cli", "dashboard", "sample_models") else "analysis"


def streamlit_outside(graph: ImportGraph) -> list[str]:
    """The modules that import Streamlit and are not the dashboard's."""
    return [
        module
        for module, names in graph.outside.items()
        if "streamlit" in names and _area(module) != "dashboard"
    ]


def test_everybody_looks_one_way() -> None:
    assert list(against_the_direction(import_graph(ROOT))) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("analysis__planning__a", "prunescope.dashboard.charts.b"),
        ("analysis__cli__a", "prunescope.dashboard.charts.b"),
        ("sample_models__a", "prunescope.planning.b"),
        ("sample_models__a", "prunescope.dashboard.charts.b"),
        ("dashboard__a", "prunescope.cli.b"),
        ("analysis__jobs__a", "prunescope.cli.b"),
    ],
)
def test_a_wrong_direction_is_found(tmp_path: Path, importer: str, imported: str) -> None:
    folders = {"dashboard": "dashboard", "sample_models": "sample_models"}
    parts = imported.split(".")[1:]
    file = "__".join(parts if parts[0] in folders else ["analysis", *parts])
    made = tree(tmp_path, **{importer: f"from {imported} import b", file: "b = 1"})
    ((_, name),) = against_the_direction(import_graph(made))
    assert name == imported


def test_streamlit_stays_in_the_dashboard() -> None:
    assert streamlit_outside(import_graph(ROOT)) == []


def test_streamlit_elsewhere_is_found(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        analysis__planning__a="def show():\n    import streamlit as st\n    st.write(1)",
        dashboard__views__b="from streamlit import write",
    )
    assert streamlit_outside(import_graph(made)) == ["prunescope.planning.a"]


def plain_with_streamlit(root: Path) -> list[str]:
    """Modules of the dashboard that are about data only, and import Streamlit all the same."""
    outside = import_graph(root).outside
    plain = (
        "charts", "tables", "launch_command", "shared.link", "shared.history", "shared.goal_form",
        "shared.machines", "views.plan.painter_values", "views.plan.head_words",
        "views.plan.auto_measure_rule",
    )  # fmt: skip
    names = tuple(f"prunescope.dashboard.{name}" for name in plain)
    modules = [m for m in outside if m in names or m.startswith(tuple(f"{n}." for n in names[:2]))]
    assert set(names) <= set(modules) or root != ROOT
    return [module for module in modules if "streamlit" in outside[module]]


def test_charts_tables_and_rules_know_no_streamlit() -> None:
    assert plain_with_streamlit(ROOT) == []


def test_a_chart_with_streamlit_is_found(tmp_path: Path) -> None:
    made = tree(tmp_path, dashboard__charts__a="import streamlit", dashboard__tables__b="import os")
    assert plain_with_streamlit(made) == ["prunescope.dashboard.charts.a"]
