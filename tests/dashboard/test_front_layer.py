"""The strip under the trade-off says what every plan of it removes of the chosen layer."""

from pathlib import Path

import pandas as pd
import pytest

from prunescope.dashboard.charts.front import front_figure
from prunescope.dashboard.charts.front_layer import add_layer
from prunescope.dashboard.tables.front import COLUMNS
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import PERCENT_WORDS
from tests.dashboard.page import Open, shared

PLANS = {
    plan.digest: plan
    for plan in (
        Plan(name, "f", {layer: Choice("magnitude", part) for layer, part in parts.items()})
        for name, parts in (
            ("a", {"fc1": 0.3}), ("b", {"fc1": 0.125, "fc2": 0.6}), ("c", {"fc2": 0.5}),
        )
    )
}  # fmt: skip
POINTS = pd.DataFrame(
    [
        (plan.name, digest, share, 0.9 - share / 10, 0.8, 0.95, kind)
        for (digest, plan), share, kind in zip(
            PLANS.items(), (0.4, 0.7, 0.9), ("front", "front", "draft"), strict=True
        )
    ],
    columns=list(COLUMNS),
)


@pytest.mark.parametrize("name", ["fc1", "fc2", "fc3"])
def test_marks_stand_under_theirs_and_open_the_same_plans(name: str) -> None:
    figure = front_figure(POINTS, "MACs", PERCENT_WORDS, 0.9, dark=False)
    marks = [trace for trace in figure.data if trace.customdata is not None]
    add_layer(figure, POINTS, PLANS, name)
    strip = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert len(strip) == len(marks) == 2
    for above, below in zip(marks, strip, strict=True):
        assert list(above.x) == list(below.x)
        assert [row[0] for row in above.customdata] == [row[0] for row in below.customdata]
        for (digest, *_), removed in zip(below.customdata, below.y, strict=True):
            choice = PLANS[digest].choices.get(name)
            assert removed == (100 * choice.sparsity if choice else 0)
        assert [row[3] for row in above.customdata] == list(below.y)
        assert f"{name}: " in above.hovertemplate
    low, high = figure.layout.yaxis2.domain, figure.layout.yaxis.domain
    assert 0 == low[0] < low[1] < high[0] < high[1] == 1


def test_the_page_draws_the_strip_of_the_layer_that_it_is_about(
    studies: Path, open_page: Open
) -> None:
    from prunescope.store.folder import StudyFolder

    plan = shared(StudyFolder.open(studies / "digits"), fc2=0.5)
    at = open_page(studies, "plan", layer="fc2", plan=plan)
    assert not at.exception
    figure = at.get("plotly_chart")[-1].proto.spec
    assert "% of fc2 removed" in figure
    assert "% of fc1 removed" not in figure
