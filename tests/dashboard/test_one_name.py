"""A layer and the group that it makes have one name, and a plan one choice of that name."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import session
from prunescope.dashboard.tables.plan import plan_table
from prunescope.dashboard.views.plan import sparsity_table
from prunescope.dashboard.views.plan.painter_values import Subject, bars, painted
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder
from prunescope.study import Method
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, draft, set_draft

NAMES = ("conv1", "conv2", "fc1")
CHANNELS = Method("l1", "channel")
ON_PAGE = tuple(Subject(name, CHANNELS) for name in NAMES)
HELD, PRUNED = Choice("magnitude", 0.0, locked=True), Choice("magnitude", 0.7)


@pytest.fixture
def study(timed_studies: Path) -> StudyFolder:
    return StudyFolder.open(timed_studies / "lenet5")


@pytest.fixture
def plan(study: StudyFolder) -> Plan:
    """``conv1`` is locked as a layer, ``conv2`` pruned as one."""
    return Plan("p", study.manifest.fingerprint, {"conv1": HELD, "conv2": PRUNED})


@pytest.fixture
def at(study: StudyFolder, plan: Plan, open_page: Open) -> AppTest:
    """The page with that plan, at the table of channels."""
    at = open_page(study.folder.parent, "plan")
    set_draft(at, study, plan)
    at.run()
    at.segmented_control(key=session.GRANULARITY).set_value("channel").run()
    return at


def bulk(at: AppTest, action: str) -> AppTest:
    at.selectbox(key="bulk action").set_value(action).run()
    return at.button(key="bulk apply").click().run()


def stroke(*values: float) -> dict[str, Any]:
    return {"seq": 1, "names": list(NAMES), "values": list(values)}


def typed(plan: Plan, row: int, **cells: object) -> Plan:
    return sparsity_table.changed(plan, {row: cells}, NAMES, CHANNELS)


def test_bulk_edits_of_channels_keep_what_is_locked_as_a_layer(
    at: AppTest, study: StudyFolder
) -> None:
    bulk(at, "set")
    halved = Choice("l1", 0.5, "channel")
    assert draft(at, study).choices == {"conv1": HELD, "conv2": halved, "fc1": halved}
    at.button(key="undo").click().run()
    assert draft(at, study).choices == {"conv1": HELD, "conv2": PRUNED}


def test_locking_among_the_channels_locks_what_the_layer_loses(
    at: AppTest, study: StudyFolder
) -> None:
    bulk(at, "lock")
    assert draft(at, study).choices["conv1"] == HELD
    assert draft(at, study).choices["conv2"] == Choice("magnitude", 0.7, locked=True)
    assert any("0 of 3 shown groups are pruned, 3 locked" in each.value for each in at.caption)
    bulk(at, "unlock")
    assert draft(at, study).choices["conv2"] == PRUNED


def test_bars_and_table_show_the_lock_of_the_layer(study: StudyFolder, plan: Plan) -> None:
    made = bars(study.manifest, plan, {}, ON_PAGE)
    assert [bar["locked"] for bar in made] == [True, False, False]
    assert [bar["value"] for bar in made] == [0.0, 0.0, 0.0]
    table = plan_table(study.manifest, plan, plan, {}, NAMES, CHANNELS)
    assert list(table["Lock"]) == [True, False, False]


def test_a_stroke_passes_over_the_lock_and_takes_the_place_of_the_rest(plan: Plan) -> None:
    now = painted(plan, stroke(0.5, 0.5, 0.0), ON_PAGE)
    assert now.choices == {"conv1": HELD, "conv2": Choice("l1", 0.5, "channel")}
    assert painted(plan, stroke(0.5, 0.0, 0.0), ON_PAGE) == plan


def test_typed_cells_keep_the_lock_and_replace_what_is_free(plan: Plan) -> None:
    with pytest.raises(
        BadValue, match=r"^Expected conv1 to be unlocked .* but it is locked at 0 %"
    ):
        typed(plan, 0, Sparsity=50)
    assert typed(plan, 1, Sparsity=50).choices["conv2"] == Choice("l1", 0.5, "channel")
    assert typed(plan, 1, Sparsity=0, Method="taylor@channel") == plan
    assert typed(plan, 0, Sparsity=50, Lock=False).choices["conv1"] == Choice("l1", 0.5, "channel")


def test_a_tick_of_the_lock_is_one_on_the_choice_that_there_is(plan: Plan) -> None:
    assert typed(plan, 0, Lock=False).choices["conv1"] == Choice("magnitude", 0.0)
    assert typed(plan, 1, Lock=True).choices["conv2"] == Choice("magnitude", 0.7, locked=True)
    both = typed(plan, 1, Sparsity=50, Lock=True)
    assert both.choices["conv2"] == Choice("l1", 0.5, "channel", locked=True)


def test_a_sparsity_that_is_typed_after_the_tick_meets_the_lock(
    study: StudyFolder, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser tells both cells at once; only a table filled anew tells which came first."""
    state: dict[str, Any] = {"cells": {"edited_rows": {1: {"Lock": True}}}}
    monkeypatch.setattr("streamlit.session_state", state)
    state[session.draft_key(study)] = session.Draft(session.History(plan), plan)
    sparsity_table._take(study, "cells", NAMES, CHANNELS)
    now = session.draft(study)
    assert now.base == now.plan
    assert now.revision == 1
    assert session.remembered("layer") == "conv2"  # the one that was typed at
    state["cells"] = {"edited_rows": {1: {"Sparsity": 50}}}
    sparsity_table._take(study, "cells", NAMES, CHANNELS)
    assert session.draft(study).plan.choices["conv2"] == Choice("magnitude", 0.7, locked=True)
    assert "conv2 to be unlocked" in str(session.notice())


def test_the_table_points_at_the_layer_that_the_page_is_about(at: AppTest) -> None:
    def pointed() -> list[str]:
        (table,) = [each.value for each in at.dataframe if "Here" in each.value]
        return list(table.loc[table["Here"] != "", "Layer"])

    assert pointed() == ["conv1"]
    at.session_state["chosen layer"] = "fc1"  # as painter, network and map leave it
    at.run()
    assert pointed() == ["fc1"]
