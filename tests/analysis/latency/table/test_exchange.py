"""A table travels to where it fits, and is refused where it does not."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadReference, BadValue, DamagedFile, ForeignStudy
from prunescope.latency.table.exchange import export_table, import_table
from prunescope.latency.table.predict_time import predict_latency, tables
from prunescope.latency.table.rows import LatencyRow, stored_rows
from prunescope.store.parquet_table import rows_of
from tests.analysis.latency.table.made import draws, row


@pytest.fixture
def exported(lenet5: Workbench, tmp_path: Path) -> Path:
    """Four plans that another machine timed."""
    there = tmp_path / "there"
    rows = [replace(row(lenet5.manifest, p, 0.5), machine="far away", threads=4)
            for p in draws(lenet5.manifest, 4)]  # fmt: skip
    stored_rows(there).append(rows)
    path = tmp_path / "t.parquet"
    assert export_table(there, lenet5.manifest, path) == 4
    return path


def test_what_was_exported_is_imported_once_and_names_its_machine(
    lenet5: Workbench, exported: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    for _ in range(2):
        added = import_table(here, lenet5.manifest, exported)
        assert len(added) == 4
    (table,) = tables(here, lenet5.manifest)
    assert len(table.rows) == 4
    found = predict_latency(lenet5.manifest, table, {"conv1": 3})
    assert found.setting.machine == "far away"
    assert "far away" in str(found)


def test_files_of_before_devices_were_noted_are_the_processors(
    lenet5: Workbench, exported: Path, tmp_path: Path
) -> None:
    older = pq.read_table(exported).drop_columns(["device"])
    pq.write_table(older, exported)
    added = import_table(tmp_path / "here", lenet5.manifest, exported)
    assert {each.device for each in added} == {"cpu"}
    stored = tmp_path / "there" / "latency"
    (path,) = stored.glob("*.parquet")
    path.unlink()
    pq.write_table(older, stored / "older.parquet")
    table = stored_rows(tmp_path / "there")
    assert len(table.read()) == 4
    assert table.damaged() == []
    assert {t.setting.device for t in tables(tmp_path / "there", lenet5.manifest)} == {"cpu"}


def test_devices_are_kept_apart_and_named_where_they_are_no_processor(
    lenet5: Workbench, tmp_path: Path
) -> None:
    one = row(lenet5.manifest, {"conv1": 4}, 0.9)
    stored_rows(tmp_path).append([one, replace(one, device="cuda:0", ratio=0.89)])
    plain, other = sorted(map(str, (t.setting for t in tables(tmp_path, lenet5.manifest))), key=len)
    assert plain == "PyTorch 2, batch 4, 1 thread, float32, on a CPU"
    assert other == "PyTorch 2, batch 4, 1 thread, float32, on cuda:0 of a CPU"


def test_a_missing_column_that_has_no_default_is_damage(
    lenet5: Workbench, exported: Path, tmp_path: Path
) -> None:
    pq.write_table(pq.read_table(exported).drop_columns(["ratio"]), exported)
    with pytest.raises(DamagedFile, match="its column ratio is missing"):
        import_table(tmp_path / "here", lenet5.manifest, exported)


def test_another_network_is_refused(
    lenet5: Workbench, mlp: Workbench, exported: Path, tmp_path: Path
) -> None:
    with pytest.raises(ForeignStudy, match="another network"):
        import_table(tmp_path / "here", mlp.manifest, exported)
    assert tables(tmp_path / "here", mlp.manifest) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runtime": "TensorRT"}, "PyTorch, ONNX Runtime, ONNX Runtime int8"),
        ({"ratio": -1.0}, "above 0"),
        ({"dense_seconds": float("nan")}, "above 0"),
        ({"low": 0.9}, "in order"),
        ({"batch": 0}, "batch"),
        ({"machine": ""}, "machine"),
        ({"device": ""}, "machine"),
        ({"kind": "guess"}, "kind"),
        ({"units": "not json"}, "as JSON"),
        ({"units": '{"conv2": 1, "conv1": 1}'}, "sorted"),
        ({"units": '{"conv1": 20}'}, "conv1 to be 0 to 19"),
        ({"units": '{"conv9": 1}'}, "only this model's groups"),
    ],
)
def test_rows_that_cannot_be_are_refused_and_nothing_is_stored(
    change: dict[str, object], words: str, lenet5: Workbench, exported: Path, tmp_path: Path
) -> None:
    there = stored_rows(tmp_path / "there")
    rows: list[LatencyRow] = rows_of(there, there.read())
    bad = pd.DataFrame([vars(replace(rows[0], **change)), vars(rows[1])])  # type: ignore[arg-type]
    bad.to_parquet(exported)
    with pytest.raises(BadValue, match=words):
        import_table(tmp_path / "here", lenet5.manifest, exported)
    assert not (tmp_path / "here").exists()


def test_files_that_are_no_tables_are_refused(lenet5: Workbench, tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="no file"):
        import_table(tmp_path, lenet5.manifest, tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(DamagedFile, match="--export-table"):
        import_table(tmp_path, lenet5.manifest, tmp_path / "text.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "else.parquet")
    with pytest.raises(DamagedFile, match="--export-table"):
        import_table(tmp_path, lenet5.manifest, tmp_path / "else.parquet")
    with pytest.raises(BadValue, match="none"):
        export_table(tmp_path, lenet5.manifest, tmp_path / "out.parquet")
