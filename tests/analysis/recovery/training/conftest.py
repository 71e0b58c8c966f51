"""The networks that fine-tuning is tried on: with a graph, and without."""

import pytest

from prunescope.bench.workbench import Workbench


@pytest.fixture(params=["graph", "module"])
def subject(request: pytest.FixtureRequest) -> Workbench:
    name = {"graph": "bench", "module": "untraceable"}[request.param]
    found: Workbench = request.getfixturevalue(name)
    return found
