"""A small real study: a perceptron on scikit-learn's digits, pruned and evaluated in NumPy."""

import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import to_json
from prunescope.store.measurements import Measurement, Verification
from prunescope.study import (
    MEASUREMENT_VERSION,
    Baseline,
    LayerSummary,
    Manifest,
    MethodSummary,
    Reference,
)
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count
from tests import read_once
from tests.dashboard import checked_study, timed
from tests.dashboard.raw_store import Store
from tests.once import once

SPARSITIES = (0.3, 0.6, 0.8, 0.95)


class Digits:
    """A trained perceptron that measures itself."""

    def __init__(self) -> None:
        images, labels = load_digits(return_X_y=True)
        self.x, self.y = images[1000:] / 16, labels[1000:]
        with np.errstate(all="ignore"):
            model = MLPClassifier((24, 16), solver="lbfgs", max_iter=120, random_state=0, tol=1e-2)
            model.fit(images[:1000] / 16, labels[:1000])
        self.weights = [np.asarray(w, np.float32).T for w in model.coefs_]
        self.biases = model.intercepts_
        self.right = self.correct(self.weights)

    def correct(self, weights: Sequence[Any]) -> Any:
        hidden = self.x
        for place, (weight, bias) in enumerate(zip(weights, self.biases, strict=True)):
            hidden = hidden @ weight.T + bias
            hidden = np.maximum(hidden, 0) if place < len(weights) - 1 else hidden
        return hidden.argmax(axis=1) == self.y

    def pruned(self, weight: Any, criterion: str, sparsity: float) -> Any:
        score = np.abs(weight) if criterion == "magnitude" else _noise(weight.shape)
        order = score.flatten().argsort(kind="stable")
        kept = weight.flatten().copy()
        kept[order[: removed_count(weight.size, sparsity)]] = 0
        return kept.reshape(weight.shape)

    def manifest(self) -> Manifest:
        layers = [
            LayerSummary(f"fc{i}", "linear", f"fc{i}.weight", w.shape, w.size, w.size, 4 * len(w))
            for i, w in enumerate(self.weights, start=1)
        ]
        skipped = LayerSummary(
            "table", "add", "table", (8, 8), 64, 0, 0, False, "a table that is added"
        )
        parameters = 64 + sum(w.size + len(w) for w in self.weights)
        return Manifest(
            Reference("digits.py:perceptron", "digits.npz"), "d1g175f00d", parameters, 0,
            4 * parameters, sum(layer.macs for layer in layers), 256, (*layers, skipped),
            splits={"calibration": 1000, "validation": len(self.y), "test": 0},
            baseline=Baseline(len(self.y), float(self.right.mean())),
            environment={"numpy": np.__version__},
            methods=(
                MethodSummary("magnitude", "Magnitude", "|w|: the smallest leave.", "Han", "-"),
                MethodSummary("random", "Random", "A random number.", "Control", "-"),
                MethodSummary("taylor", "Taylor", "(g·w)²", "M.", "labels", "it needs labels"),
            ),
        )  # fmt: skip

    def measurement(self, place: int, criterion: str, sparsity: float) -> Measurement:
        weights = list(self.weights)
        weights[place] = self.pruned(weights[place], criterion, sparsity)
        right = self.correct(weights)
        drop = self.right.astype(int) - right.astype(int)
        return Measurement(
            "d1g175f00d", MEASUREMENT_VERSION, f"fc{place + 1}", criterion, "weight", sparsity,
            "none", 0, removed_count(weights[place].size, sparsity), weights[place].size,
            len(zlib.compress(weights[place].tobytes(), 6)), len(right), len(right),
            float(right.sum()), float(drop.sum()), float((drop**2).sum()), float("nan"),
            float("nan"), float("nan"), float("nan"), int((drop == 0).sum()), 0, (),
        )  # fmt: skip

    def verification(self, plan: Plan) -> Verification:
        weights = list(self.weights)
        for name, choice in plan.active().items():
            place = int(name[2:]) - 1
            weights[place] = self.pruned(weights[place], choice.criterion, choice.sparsity)
        right = self.correct(weights)
        drop = self.right.astype(int) - right.astype(int)
        removed = sum(int((w == 0).sum()) for w in weights)
        return Verification(
            "d1g175f00d", MEASUREMENT_VERSION, plan.digest, to_json(plan), "validation", 0.0,
            "sum of drops", removed, self.manifest().bytes, len(right), float(right.sum()),
            float(drop.sum()), float((drop**2).sum()), float("nan"), float("nan"),
            int((drop == 0).sum()), 0, (),
        )  # fmt: skip


def _noise(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(0).random(shape)


@pytest.fixture(scope="session", autouse=True)
def _components_of_packages() -> None:
    read_once.components_of_packages()


@pytest.fixture(scope="session")
def digits() -> Digits:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Digits()


@pytest.fixture(scope="session")
def measured_folder(digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies")
    study = StudyFolder.create(folder / "digits", digits.manifest())
    study.measurements.append(
        [
            digits.measurement(place, criterion, sparsity)
            for place in range(3)
            for criterion in ("magnitude", "random")
            for sparsity in SPARSITIES
        ]
    )
    study.verifications.append([digits.verification(both(study.manifest, 0.6))])
    return folder


@pytest.fixture
def studies(measured_folder: Path, tmp_path: Path) -> Path:
    """A folder with one real study, of one's own."""
    return Path(shutil.copytree(measured_folder, tmp_path / "studies"))


@pytest.fixture
def study(studies: Path) -> StudyFolder:
    return StudyFolder.open(studies / "digits")


@pytest.fixture(scope="session")
def timed_once(lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(
        tmp_path_factory, "timed-rows", lambda folder: timed.measured(lenet5, folder / "lenet5")
    )


@pytest.fixture
def timed_studies(timed_once: Path, tmp_path: Path) -> Path:
    """A folder with a LeNet-5 whose channels were measured and timed, of one's own."""
    return Path(shutil.copytree(timed_once, tmp_path / "timed"))


@pytest.fixture(scope="session")
def checked_once(
    timed_once: Path, lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The timed study with controls, three seeds each, and with its checks, two of which fail."""

    def make(folder: Path) -> None:
        shutil.copytree(timed_once, folder, dirs_exist_ok=True)
        checked_study.extend(StudyFolder.open(folder / "lenet5"), lenet5)

    return once(tmp_path_factory, "checked", make)


@pytest.fixture
def store(checked_once: Path) -> Store:
    """The raw rows of the checked study."""
    study = StudyFolder.open(checked_once / "lenet5")
    return Store(study, study.measured())


@pytest.fixture
def curves_pages(checked_once: Path, open_page: Callable[..., AppTest]) -> Mapping[str, AppTest]:
    """The page *Curves* of ``conv2`` in the checked study, by what leaves."""
    pages = {
        name: open_page(checked_once, "curves", layer="conv2") for name in ("weight", "channel")
    }
    pages["channel"].segmented_control(key="curves granularity").set_value("channel").run()
    return pages


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Open a page of the dashboard over a folder, with URL parameters if any."""

    def opened(folder: Path, page: str = "study", **query: str) -> AppTest:
        def script(folder: str, page: str) -> None:
            from pathlib import Path

            from prunescope.dashboard.app import main

            main(Path(folder), page)

        at = AppTest.from_function(
            script, default_timeout=60, kwargs={"folder": str(folder), "page": page}
        )
        for name, value in query.items():
            at.query_params[name] = value
        at.run(timeout=30)
        return at

    return opened


def both(manifest: Manifest, sparsity: float) -> Plan:
    choices = {name: Choice("magnitude", sparsity) for name in ("fc1", "fc2")}
    return Plan("both", manifest.fingerprint, choices)
