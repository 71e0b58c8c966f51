"""Tables, and what the browser's table sends back."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from prunescope.curves.curve import curves
from prunescope.dashboard.tables.layers import layer_table
from prunescope.dashboard.tables.plan import (
    granularities,
    methods_of,
    names_of,
    plan_table,
    verified_table,
)
from prunescope.dashboard.views.plan.sparsity_table import changed
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study import Method
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open

MAGNITUDE = Method("magnitude")
SHOWN = ("fc1", "fc2", "fc3")


def plan(**choices: Choice) -> Plan:
    return Plan("p", "d1g175f00d", choices)


def test_typed_values_become_choices() -> None:
    edits = {0: {"Sparsity": 62.5}, 2: {"Method": "random", "Lock": True}}
    made = changed(plan(fc3=Choice("magnitude", 0.25)), edits, SHOWN, MAGNITUDE)
    assert made.choices == {
        "fc1": Choice("magnitude", 0.625), "fc3": Choice("random", 0.25, locked=True),
    }  # fmt: skip


def test_edits_count_from_the_base_so_taking_one_back_takes_it_back() -> None:
    base = plan(fc1=Choice("magnitude", 0.5))
    assert changed(base, {0: {"Sparsity": 90}}, SHOWN, MAGNITUDE).choices["fc1"].sparsity == 0.9
    assert changed(base, {}, SHOWN, MAGNITUDE) == base


@pytest.mark.parametrize(
    "edits", [{7: {"Sparsity": 1}}, {0: {"Sparsity": 140}}, {0: {"Method": "a@b"}}]
)
def test_what_a_browser_should_not_send_is_refused(edits: dict[int, dict[str, object]]) -> None:
    with pytest.raises(BadValue, match="Expected"):
        changed(plan(), edits, SHOWN, MAGNITUDE)


def test_an_emptied_cell_keeps_what_was() -> None:
    base = plan(fc1=Choice("magnitude", 0.5))
    assert changed(base, {0: {"Sparsity": None, "Method": None}}, SHOWN, MAGNITUDE) == base


def test_a_pattern_has_its_own_sparsity() -> None:
    made = changed(plan(), {0: {"Sparsity": 70, "Method": "magnitude@2:4"}}, SHOWN, MAGNITUDE)
    assert made.choices["fc1"] == Choice("magnitude", 0.5, "2:4")


def test_derived_columns_follow_while_typed_ones_stay(study: StudyFolder) -> None:
    known = curves(study.measured(), study.manifest)
    now = plan(fc1=Choice("magnitude", 0.6), fc2=Choice("taylor", 0.6))
    table = plan_table(study.manifest, plan(), now, known, SHOWN, MAGNITUDE)
    assert list(table["Sparsity"]) == [0, 0, 0]
    point = study.measured().query("subject=='fc1' and criterion=='magnitude' and sparsity==0.6")
    assert table["Alone"][0] == pytest.approx(
        100 * point["drop_sum"].iloc[0] / point["samples"].iloc[0]
    )
    assert math.isnan(table["Alone"][1])  # never measured by that method
    assert table["Alone"][2] == 0


def test_layers_carry_their_sensitivity(study: StudyFolder) -> None:
    known = curves(study.measured(), study.manifest)
    table = layer_table(study.manifest, known, [*SHOWN, "table"], 1.0)
    assert list(table["Safe to"][:3]) == [95, 95, 95]
    assert math.isnan(table["Safe to"][3])
    assert layer_table(study.manifest, known, SHOWN, -1.0)["Safe to"].sum() == 0


def test_what_is_safe_is_safe_without_recovery(study: StudyFolder) -> None:
    """As the map below says it; a subject that was only measured with one says so."""
    frame = study.measured().query("criterion == 'magnitude'")
    better = frame.assign(recovery="ls", drop_sum=0.0, drop_squares=0.0)
    both = curves(pd.concat([frame, better]), study.manifest)
    one = layer_table(study.manifest, both, SHOWN, 0.01)
    assert one.equals(layer_table(study.manifest, curves(frame, study.manifest), SHOWN, 0.01))
    alone = layer_table(study.manifest, curves(better, study.manifest), SHOWN, 0.01)
    assert set(alone["By"]) == {"magnitude + ls"}
    assert (one["Safe to"] <= alone["Safe to"]).all()
    assert (one["Safe to"] < alone["Safe to"]).any()


def test_only_usable_methods_are_offered(study: StudyFolder) -> None:
    assert methods_of(study.manifest) == ["magnitude", "random"]
    assert granularities(study.manifest) == ["weight"]
    assert names_of(study.manifest, "weight") == SHOWN


def test_measured_plans_stand_beside_what_is_predicted_now(study: StudyFolder) -> None:
    known = curves(study.measured(), study.manifest)
    (row,) = verified_table(study.manifest, study.verified(), known).to_dict("records")
    assert row["Plan"] == "both"
    assert row["Off by"] == pytest.approx(row["Predicted"] - row["Drop"])


@pytest.mark.parametrize("page", ["curves", "plan"])
def test_a_curve_that_never_falls_is_drawn_too(
    page: str, study: StudyFolder, studies: Path, open_page: Open
) -> None:
    """The browser draws from the least to the largest value, and refuses where both are one."""
    rows = study.measured()
    better = rows["subject"] == "fc2"
    rows.loc[better, "drop_sum"] = -(1.0 + 10 * rows.loc[better, "sparsity"].round(1))
    none = rows["subject"] == "fc3"
    rows.loc[none, "drop_sum"] = 0.0
    for path in study.measurements.folder.glob("*.parquet"):
        path.unlink()
    study.measurements.append(rows_of(study.measurements, rows))
    at = open_page(studies, page)
    assert not at.exception
    (table,) = [each for each in at.dataframe if "Curve" in each.value.columns]
    config = json.loads(table.proto.columns)["Curve"]["type_config"]
    values = [value for line in table.value["Curve"] for value in line]
    assert config["y_min"] <= min(values) < max(values) <= config["y_max"]  # one range for all
    drawn = dict(zip(table.value["Layer"], table.value["Curve"], strict=True))
    assert min(drawn["fc2"]) < max(drawn["fc2"]) == 0
    assert set(drawn["fc3"]) == {0}
    assert all(values[0] == 0 for values in drawn.values())
