"""A study that stores several metrics: drawn by each on Curves; classes limited on Plan."""

from pathlib import Path

import pytest

import prunescope as ps
from prunescope.progress import Silent
from tests.analysis.api.digits import splits, trained
from tests.dashboard.page import Open, texts


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    ps.sweep(trained(), splits(), folder=folder / "several", metric="top-1,cross-entropy",
             methods=["magnitude"], sparsities=[0.3, 0.6], progress=Silent())  # fmt: skip
    return folder


def test_curves_are_drawn_by_the_chosen_metric(several: Path, open_page: Open) -> None:
    at = open_page(several, "curves")
    assert "nats" not in at.number_input(key="limit").label
    first = list(at.dataframe[0].value["Mean drop"])
    at.button_group(key="curves metric").set_value("cross-entropy").run()
    assert not at.exception
    assert "nats" in at.number_input(key="limit in nats").label
    assert list(at.dataframe[0].value["Mean drop"]) != first


def test_a_limit_on_classes_is_kept_and_named(several: Path, open_page: Open) -> None:
    at = open_page(several, "plan")
    at.number_input(key="goal worst class").set_value(0.5).run()
    at.slider(key="goal parameters").set_value(62).run()
    assert not at.exception
    assert "every class's recall down at most 0.5 pt" in texts(at)
    at.number_input(key="goal worst class").set_value(100.0).run()
    assert not at.exception
    assert "every class's recall" not in texts(at)
