"""Workbenches and plans on the small networks of ``networks.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from prunescope.bench.workbench import Workbench, prepare
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import MakeBench, MakePlan

SOURCE = Path(__file__).with_name("networks.py")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make_bench() -> MakeBench:
    def build(model: str, data: str = "blobs", metric: str = "top-1") -> Workbench:
        named = metric if metric in ("top-1", "agreement") else f"{SOURCE}:{metric}"
        return prepare(Reference(f"{SOURCE}:{model}", f"{SOURCE}:{data}", named))

    return build


@pytest.fixture(scope="session")
def make_plan() -> MakePlan:
    def build(bench: Workbench, sparsity: float = 0.8, recovery: str = "none") -> Plan:
        names = [layer.name for layer in bench.manifest.prunable()]
        choices = {name: Choice("magnitude", sparsity) for name in names}
        return Plan("all", bench.manifest.fingerprint, choices, recovery)

    return build


@pytest.fixture(scope="session")
def bench(make_bench: MakeBench) -> Workbench:
    build = make_bench("blobs_model")
    assert build.network.captured is not None
    return build


@pytest.fixture(scope="session")
def untraceable(make_bench: MakeBench) -> Workbench:
    build = make_bench("untraceable_model")
    assert build.network.captured is None
    return build


@pytest.fixture
def study(bench: Workbench, tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "study", bench.manifest)
