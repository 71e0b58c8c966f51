"""``calibrate`` and what ``verify`` says of plans that nothing can predict."""

from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Choice, Plan


def test_calibrate_measures_judges_and_does_not_measure_again(prunescope, tiny, tmp_path):
    sweep = ("sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s")
    assert prunescope(*sweep, "--sparsities", "0.3,0.6,0.9").code == 0
    first = prunescope("calibrate", tmp_path / "s", "--plans", "3")
    assert first.code == 0
    assert " 0 known before, 0 left." in first.err
    assert "In force: " in first.out
    assert "superposition" in first.out
    assert "is judged by errors relative to each plan's drop" in " ".join(first.out.split())
    said = " ".join(first.out.split())
    again = prunescope("calibrate", tmp_path / "s", "--plans", "3", "--json").json
    assert f"{again['measured_before']} plans measured" in first.err
    assert again["measured"] == 0
    assert again["error"]["plans"] == again["measured_before"] >= 2
    counted = f"{again['error']['plans']} verified plans of this study"
    assert f"on average over {counted}, each predicted from the others." in said
    assert "Closest: none" in prunescope.refused("calibrate", tmp_path / "s", "--recovery", "non")

    study = StudyFolder.open(tmp_path / "s")
    plan = Plan("p", study.manifest.fingerprint, {"mix": Choice("taylor", 0.5)})
    write_document(tmp_path / "p.json", plan)
    said = prunescope("verify", tmp_path / "s", tmp_path / "p.json").out
    assert "Not predicted" in said
    assert "--methods taylor --sparsities 0.5 --layers mix" in said.replace("\n", " ")
