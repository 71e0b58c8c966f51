"""``time`` without a plan builds, exports and imports latency tables."""

from prunescope.bench.workbench import prepare
from prunescope.store.folder import StudyFolder


def test_a_table_is_built_exported_and_imported(prunescope, tiny, tmp_path):
    study = StudyFolder.create(tmp_path / "s", prepare(tiny).manifest)
    found = prunescope("time", study.folder, "--budget", "0.5", "--batch", "2", "--json").json
    assert [each["setting"]["runtime"] for each in found] == ["PyTorch", "ONNX Runtime"]
    for each in found:
        assert each["setting"]["batch"] == 2
        assert each["models"] > 1
        assert each["dense_seconds"] > 0
        for steps in each["staircases"].values():
            ratios = [step["ratio"] for step in steps]
            assert ratios == sorted(ratios)
            assert ratios[-1] == 1.0

    path = tmp_path / "t.parquet"
    told = prunescope("time", study.folder, "--export-table", path)
    assert told.code == 0
    assert f"{sum(each['models'] for each in found)} timed models written" in told.err

    other = StudyFolder.create(tmp_path / "other", study.manifest)
    assert "imported" in prunescope("time", other.folder, "--import-table", path).err
    again = prunescope(
        "time", other.folder, "--export-table", tmp_path / "u.parquet", "--json"
    ).json
    assert again == found
    shown = prunescope("time", other.folder, "--import-table", path)
    assert "smaller models timed" in shown.out
    assert "PyTorch" in shown.out


def test_what_fits_nowhere_is_refused(prunescope, tiny, tmp_path):
    study = StudyFolder.create(tmp_path / "s", prepare(tiny).manifest)
    told = prunescope.refused("time", study.folder, "--import-table", tmp_path / "none.parquet")
    assert "no file" in told
    told = prunescope.refused("time", study.folder, "mine", "--import-table", tmp_path / "t")
    assert "got both" in told
    assert "study folder" in prunescope.refused("time", tmp_path / "nothing")


def test_a_study_has_its_own_data_and_weights(prunescope, tiny, tmp_path):
    study = StudyFolder.create(tmp_path / "s", prepare(tiny).manifest)
    for option in (("--data", "other.npz"), ("--weights", "w.safetensors"), ("--random",)):
        told = prunescope.refused("time", study.folder, *option)
        assert f"Expected {option[0]} with a model in place of a study" in told
