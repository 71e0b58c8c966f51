"""No circle between the rooms of the source tree, and none between its modules."""

from pathlib import Path

import pytest

from tests.structure.import_graph import circles, import_graph
from tests.structure.trees import tree

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]


def test_no_circle_between_modules() -> None:
    graph = import_graph(ROOT)
    assert len(graph.arrows) > 200
    assert circles(graph.arrows) == []


def test_no_circle_between_rooms() -> None:
    rooms = import_graph(ROOT).between_rooms()
    assert {"study", "store", "planning", "export", "dashboard.views.plan"} <= set(rooms)
    assert circles(rooms) == []


@pytest.mark.parametrize(
    "back",
    [
        "from prunescope.second.b import b",
        "import prunescope.second.b",
        "from prunescope.second import b",
        "from ..second import b",
        "def late():\n    from prunescope.second.b import b\n    return b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from prunescope.second import b",
    ],
)
def test_a_circle_is_found(tmp_path: Path, back: str) -> None:
    made = tree(
        tmp_path,
        analysis__first__a=back,
        analysis__second__b="from prunescope.first.a import a",
        analysis__third__c="from prunescope.second import b",
    )
    graph = import_graph(made)
    assert circles(graph.arrows) == [["prunescope.first.a", "prunescope.second.b"]]
    assert circles(graph.between_rooms()) == [["first", "second"]]


def test_rooms_can_be_a_circle_where_modules_are_none(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        analysis__first__a="import prunescope.second.b",
        analysis__second__b="",
        analysis__second__c="import prunescope.first.d",
        analysis__first__d="",
    )
    graph = import_graph(made)
    assert circles(graph.arrows) == []
    assert circles(graph.between_rooms()) == [["first", "second"]]


def test_a_tree_without_a_circle(tmp_path: Path) -> None:
    made = tree(tmp_path, analysis__first__a="import prunescope.second.b", analysis__second__b="")
    graph = import_graph(made)
    assert graph.between_rooms() == {"first": {"second"}, "second": set()}
    assert circles(graph.arrows) == circles(graph.between_rooms()) == []
