"""The layer panel's strip: which units a measured plan removed, in the network's order."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Verify
from prunescope.dashboard.charts.unit_strip import strip_figure
from prunescope.dashboard.shared import launch
from prunescope.dashboard.shared.link import encode_plan
from prunescope.dashboard.views.plan.layer_words import without_indices
from prunescope.dashboard.views.plan.unit_words import NOT_STORED
from prunescope.store import removed_units
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.network_size import frees
from prunescope.study.plan import Choice, Plan
from prunescope.text.units import count
from prunescope.text.units import macs as count_macs
from tests.dashboard.page import texts

Open = Callable[..., AppTest]


@pytest.fixture
def study(timed_studies: Path) -> StudyFolder:
    return StudyFolder.open(timed_studies / "lenet5")


def measured(study: StudyFolder) -> tuple[Plan, dict[str, list[int]]]:
    """A measured plan that removes channels, and their stored indices."""
    for row in study.verified().to_dict("records"):
        stored = removed_units.indices(row["removed_units"])
        if stored:
            return from_json(Plan, row["plan"], "it"), stored
    pytest.fail("No measured plan removes channels.")


def opened(open_page: Open, study: StudyFolder, plan: Plan, layer: str) -> AppTest:
    link = encode_plan(plan, study.manifest)
    at = open_page(study.folder.parent, "plan", plan=link, layer=layer)
    return at.segmented_control(key="plan granularity").set_value("channel").run()


def strips(at: AppTest) -> list[dict[str, Any]]:
    figures = [json.loads(chart.proto.spec)["data"] for chart in at.get("plotly_chart")]
    return [data[0] for data in figures if data[0]["type"] == "heatmap"]


def leave(strip: dict[str, Any]) -> list[int]:
    said = [text for row in strip["text"] for text in row if text]
    return [
        place for place, text in enumerate(said) if text.partition("<br>")[0].endswith("leaves")
    ]


def test_the_strip_shows_the_stored_indices_of_each_group(
    study: StudyFolder, open_page: Open
) -> None:
    plan, stored = measured(study)
    for name, expected in stored.items():
        (strip,) = strips(opened(open_page, study, plan, name))
        assert leave(strip) == expected
        units = study.manifest.group(name).units
        assert strip["text"][0][0].startswith(f"channel 0 of {units}: ")
        choice = plan.choices[name]
        (row,) = [r for r in study.scored_units() if r.named == (name, choice.criterion, plan.seed)]
        least, place = min((score, place) for place, score in enumerate(row.scores))
        said = [text for line in strip["text"] for text in line if text][place]
        assert f"leaves<br>score {least:.4g} by {choice.criterion}, 1 of {units} " in said
        parameters, macs = frees(study.manifest, name, 1)
        assert f"carries {count(parameters)} weights" in said
        assert f"and {count_macs(macs)} (" in said


def test_without_stored_scores_a_unit_still_says_what_it_carries(
    study: StudyFolder, open_page: Open
) -> None:
    plan, stored = measured(study)
    for path in study.unit_scores.folder.glob("*.parquet"):
        path.unlink()
    (strip,) = strips(opened(open_page, study, plan, next(iter(stored))))
    assert NOT_STORED in strip["text"][0][0]
    assert "carries" in strip["text"][0][0]


def test_a_plan_measured_before_says_so_and_offers_to_measure_again(
    study: StudyFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, stored = measured(study)
    rows = study.verifications.read().drop(columns="removed_units")
    for path in (study.folder / "verifications").glob("*.parquet"):
        path.unlink()
    rows.to_parquet(study.folder / "verifications" / "earlier.parquet")
    begun: list[Verify] = []
    monkeypatch.setattr(launch, "start", lambda folder, request: begun.append(request))
    at = opened(open_page, study, plan, next(iter(stored)))
    assert not at.exception
    assert not strips(at)
    assert without_indices("channel") in texts(at)
    at.button(key="measure for indices").click().run()
    (request,) = begun
    assert Path(request.plan).stem == plan.digest


def test_nothing_is_said_of_weights_or_of_a_plan_that_was_not_measured(
    study: StudyFolder, open_page: Open
) -> None:
    plan, stored = measured(study)
    name = next(iter(stored))
    other = replace(plan, seed=plan.seed + 1)
    weights = Plan("w", plan.fingerprint, {name: Choice("magnitude", 0.5)})
    rows = study.verified()
    row = rows[rows["digest"] == plan.digest].assign(
        digest=weights.digest, removed_units=removed_units.UNKNOWN
    )
    study.verifications.add(pd.DataFrame(row))
    for unsaid in (other, weights):
        at = opened(open_page, study, unsaid, name)
        assert not strips(at)
        assert without_indices("channel") not in texts(at)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("units", [8, 64, 65, 1024])
def test_every_unit_is_one_cell_in_its_order(units: int, dark: bool) -> None:
    removed = np.random.default_rng(units).random(units) < 0.3
    figure = strip_figure(removed, "channel", dark)
    (heat,) = [trace for trace in figure.data if trace.type == "heatmap"]
    cells = np.asarray(heat.z, float).ravel()
    assert np.array_equal(cells[:units], removed)
    assert np.isnan(cells[units:]).all()
    assert np.asarray(heat.z).shape[1] == min(units, 64)
    assert heat.dy == 1  # a row of its own height, however many columns
    gone = int(removed.sum())
    assert [t.name for t in figure.data[1:]] == [f"{units - gone} stay", f"{gone} leave"]
    assert figure.layout.height <= 330
