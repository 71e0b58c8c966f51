"""Live objects swept into a store: gone on with from its address, merged, measured by a worker."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import prunescope as ps
from prunescope.api.part_worker import PartWorker, WorkerSettings
from prunescope.errors import BadReference, BadValue, ForeignStudy
from prunescope.progress import Silent
from prunescope.study import Grid, parse_methods
from prunescope.sweep.runner import EXACT
from tests.analysis.api.digits import splits, trained
from tests.analysis.object_store.conftest import s3, s3_server
from tests.analysis.store.rows import files

__all__ = ["s3", "s3_server"]


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def sweep(folder: Path, sparsities: list[float], **more) -> ps.Study:
    return ps.sweep(
        trained(), splits(), folder=folder, methods=["magnitude", "l1@channel"],
        sparsities=sparsities, progress=Silent(), **more,
    )  # fmt: skip


def test_a_live_study_on_s3_goes_on_from_its_address_alone(made, tmp_path, s3) -> None:
    url = f"s3://{s3.bucket}/digits"
    first = sweep(tmp_path / "first", [0.3], store=url)
    copy = ps.open(url, folder=tmp_path / "copy")
    assert len(copy.curves) == len(first.curves)
    copy.sweep(["magnitude", "l1@channel"], [0.5], store=url, threads=1, progress=Silent())
    whole = ps.open(made)
    again = ps.open(url, folder=tmp_path / "first")  # the first one's folder, brought up to date
    merged = ps.merge(tmp_path / "all", url)
    for study in (copy, again, merged):
        np.testing.assert_array_equal(study.curves["drop"], whole.curves["drop"])
        assert files(study.folder / "measurements") == files(whole.folder / "measurements")


def test_threads_hold_for_the_sweep_alone(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    seen = set()

    class Watching(Silent):
        def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
            seen.add(torch.get_num_threads())

    ps.sweep(
        trained(), splits(), folder=tmp_path / "a", sparsities=[0.5], layers=["fc"],
        threads=before + 1, progress=Watching(),
    )  # fmt: skip
    assert seen == {before + 1}
    assert torch.get_num_threads() == before


def test_a_worker_measures_a_live_study_from_the_store(made, tmp_path, monkeypatch) -> None:
    url = f"file://{tmp_path / 'store'}"
    ps.open(made).sweep(sparsities=[0.3], store=url, progress=Silent())  # nothing new to measure
    grid = Grid(parse_methods("magnitude"), (0.7,))
    monkeypatch.chdir(tmp_path)
    worker = PartWorker(
        WorkerSettings(url, tmp_path, grid, EXACT, "frontier", 1, "cpu", "fp32")
    )  # fmt: skip
    report = worker.measure("1/1", False)
    worker.close()
    assert (report.measured, report.missing) == (3, 0)
    there = ps.merge(tmp_path / "all", url)
    frame = there.curves
    assert sorted(set(frame[frame["criterion"] == "magnitude"]["sparsity"])) == [0.3, 0.5, 0.7]


def test_what_no_worker_has_is_refused_before_ray_starts(tmp_path: Path) -> None:
    shared = {"store": f"file://{tmp_path / 'store'}", "ray": "local"}
    refused = pytest.raises(BadValue, match="its data for Ray's workers, but live:data is in this")
    with pytest.warns(UserWarning, match="The data is not kept"), refused:
        sweep(tmp_path / "a", [0.5], keep_data=0, **shared)
    with pytest.warns(UserWarning, match="metric"), pytest.raises(BadValue, match="its metric"):
        sweep(tmp_path / "b", [0.5], metric=lambda o, t: (o.argmax(1) == t).float(), **shared)


def test_addresses_and_folders_are_told_apart(made: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'store'}"
    study = ps.open(made)
    with pytest.raises(BadReference, match="it is empty"):
        ps.open(url, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()
    study.sweep(sparsities=[0.3], store=url, progress=Silent())
    with pytest.raises(BadValue, match="Expected a folder for the working copy of file:///"):
        ps.open(url)
    with pytest.raises(BadValue, match="only beside the address of a store"):
        ps.open(made, folder=tmp_path / "copy")
    with pytest.raises(BadValue, match="only on a Ray cluster"):
        study.sweep(workers=2)
    with pytest.raises(BadValue, match="a store that all of Ray's workers reach"):
        study.sweep(ray="local")
    shutil.rmtree(tmp_path / "store")
    with pytest.raises(BadReference, match="Expected a store like s3://"):
        sweep(tmp_path / "a", [0.5], store="s3:bucket")


def test_a_store_of_another_network_is_refused(made: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'store'}"
    ps.open(made).sweep(sparsities=[0.3], store=url, progress=Silent())
    before = files(tmp_path / "store")
    torch.manual_seed(1)
    other = type(trained())().eval()
    other.load_state_dict(trained().state_dict())
    with torch.no_grad():
        other.fc.bias += 0.5
    with pytest.raises(ForeignStudy, match="weights"):
        ps.sweep(other, splits(), folder=tmp_path / "b", store=url, progress=Silent())
    assert files(tmp_path / "store") == before
