"""What many tests share: one thread, tiny models and data in files, and a small real bench.

Tests marked ``long`` run by ``make long``, and whenever they are asked for: ``--long`` adds them,
``-m long`` takes them alone, and a test named by its id (``file.py::test``) runs whatever it is.
"""

import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import torch

from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.graph import take
from prunescope.export import fresh_process
from prunescope.export.plain_torch import check
from prunescope.jobs.warm_worker import SWITCH
from prunescope.sources import data as data_source
from prunescope.sources.data import Samples, Splits
from prunescope.store.trust import vouch
from prunescope.study import Reference
from tests import residual
from tests.order import long_first
from tests.warm_commands import WarmCommands

torch.set_num_threads(1)
os.environ[SWITCH] = "0"  # a process kept ready by every page and server would cost 5 s each
# What tests vouch for is not kept in the home of whoever runs them.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="prunescope-state-")
hypothesis.settings.register_profile(
    "prunescope", deadline=None, derandomize=True, max_examples=50, database=None
)
hypothesis.settings.load_profile("prunescope")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long tests out unless somebody asks for them; let what takes long be begun first."""
    named = any("::" in argument for argument in config.args)
    if not (named or config.getoption("--long") or "long" in config.option.markexpr):
        config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = long_first(items, processes)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder whose parent is the test's own too: jobs of studies side by side share a queue."""
    own = tmp_path / "own"
    own.mkdir()
    return own


TINY = '''\
"""A tiny network, its data and metrics, as a user would write them."""

import torch
from torch import nn


class Tiny(nn.Module):
    """Three prunable layers on (n, 1, 6, 6)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.mix = nn.Conv2d(4, 6, 3, stride=2)
        self.head = nn.Linear(24, 3)

    def forward(self, x):
        x = self.conv(x).relu()
        return self.head(self.mix(x).relu().flatten(1))


def build():
    return Tiny()


def splits():
    made = torch.Generator().manual_seed(7)

    def part(count):
        targets = torch.arange(count) % 3
        inputs = torch.randn(count, 1, 6, 6, generator=made)
        inputs[:, 0, 0, 0] += targets
        return inputs, targets

    return {"calibration": part(48), "validation": part(60), "test": part(30)}


def margin(outputs, targets):
    return outputs[torch.arange(len(outputs)), targets]


def closeness(outputs, targets):
    return -(outputs.argmax(1) - targets).abs().float()
'''


@pytest.fixture
def tiny_file(tmp_path: Path) -> Path:
    """A file with ``build``, ``splits`` and metrics, fresh for each test."""
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    vouch(Reference(f"{path}:build", f"{path}:splits"))
    return path


@pytest.fixture
def tiny(tiny_file: Path) -> Reference:
    """The reference of the tiny network on its own data."""
    return Reference(f"{tiny_file}:build", f"{tiny_file}:splits")


@pytest.fixture(scope="session")
def tiny_bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The tiny network, prepared once; no test may change it."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.py"
    path.write_text(TINY)
    reference = Reference(f"{path}:build", f"{path}:splits")
    vouch(reference)  # as whoever types it on the command line does
    return prepare(reference)


def reduced(splits: Splits, calibration: int, validation: int, test: int) -> Splits:
    """The first samples of each split."""

    def cut(samples: Samples, count: int) -> Samples:
        targets = samples.targets
        return Samples(
            take(samples.inputs, slice(0, count)), None if targets is None else targets[:count]
        )

    return replace(
        splits,
        calibration=cut(splits.calibration, calibration),
        validation=cut(splits.validation, validation),
        test=cut(splits.test, test),
    )


@functools.cache
def _sample_bench(model: str) -> Workbench:
    load = data_source._sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_source, "_sample", lambda name: reduced(load(name), 256, 300, 100))
        return prepare(Reference(f"sample:{model}", "sample:fashion-mnist"))


@pytest.fixture(scope="session")
def sample_bench() -> Callable[[str], Workbench]:
    """Any sample model on 256 calibration and 300 validation images; no test may change it."""
    return _sample_bench


@pytest.fixture(scope="session")
def lenet5() -> Workbench:
    """The trained LeNet-5 on 256 calibration and 300 validation images; no test may change it."""
    return _sample_bench("lenet5")


@pytest.fixture(scope="session")
def mlp() -> Workbench:
    """The trained MLP on 256 calibration and 300 validation images; no test may change it."""
    return _sample_bench("mlp")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a Python file into the test's folder and return its path."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


@pytest.fixture(scope="session")
def residual_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of a small residual network, measured to one half; no test may change it."""
    return residual.measured(tmp_path_factory.mktemp("residual"))


@pytest.fixture
def residual_study(residual_once: Path, tmp_path: Path) -> Path:
    """The same study, of one's own."""
    return Path(shutil.copytree(residual_once, tmp_path / "studies" / "residual"))


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmCommands]:
    """Commands that start in milliseconds."""
    with WarmCommands() as commands:
        yield commands


@pytest.fixture(scope="session")
def warm_commands(warm: WarmCommands) -> Path:
    """A folder with a ``prunescope`` that starts in milliseconds."""
    return warm.folder


@pytest.fixture(scope="session")
def warm_python(warm: WarmCommands) -> Path:
    """A Python that starts in milliseconds and has everything imported."""
    return warm.python


_RELOADING = (fresh_process, check)


class _WarmPython:
    """Takes the place of ``sys`` where only ``sys.executable`` is asked for."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    @property
    def executable(self) -> str:
        return str(self._request.getfixturevalue("warm_python"))


@pytest.fixture(scope="session", autouse=True)
def warm_reloads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Exported files are reloaded by processes that are forked, not by fresh ones.

    They know as little of what was exported, and do not spend four seconds on imports.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in _RELOADING:
            patch.setattr(module, "sys", _WarmPython(request))
        yield


@pytest.fixture
def fresh_reloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported files are reloaded by fresh processes, as users' are."""
    for module in _RELOADING:
        monkeypatch.setattr(module, "sys", sys)
