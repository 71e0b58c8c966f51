"""The study folder: joined when it is the same, refused with what differs when it is not."""

import json
import shutil
from dataclasses import fields, replace

import pytest

from prunescope.errors import (
    BadReference,
    BadValue,
    DamagedFile,
    ForeignStudy,
    StorageFailure,
    UnknownName,
)
from prunescope.store.folder import StudyFolder, find_studies
from prunescope.store.json_documents import from_json, read_document, to_json
from prunescope.store.measurements import Verification
from prunescope.study import MEASUREMENT_VERSION, Manifest, measurement_version
from prunescope.study.plan import Choice, Plan
from tests.analysis.store.rows import ROW, files, manifest, row

pytestmark = pytest.mark.quick


def test_creating_twice_joins_and_changes_nothing(tmp_path):
    StudyFolder.create(tmp_path / "s", manifest())
    before = files(tmp_path)
    joined = StudyFolder.create(tmp_path / "s", manifest())
    assert files(tmp_path) == before
    assert joined.manifest == manifest()


@pytest.mark.parametrize("part", ["weights", "graph", "data", "metric"])
def test_another_fingerprint_is_refused_naming_what_differs(tmp_path, part):
    """The cache knows neither weights nor data nor criterion: all of the tools that we read."""
    parts = {"weights": "w", "graph": "g", "data": "d", "metric": "top-1"}
    StudyFolder.create(tmp_path, manifest("one", **parts))
    with pytest.raises(ForeignStudy, match=rf"but its {part} differ.*give back the {part}"):
        StudyFolder.create(tmp_path, manifest("two", **(parts | {part: "changed"})))


def test_rows_of_another_fingerprint_or_version_are_never_shown(tmp_path):
    study = StudyFolder.create(tmp_path, manifest())
    study.measurements.append([row(0.1), row(0.2, fingerprint="other"), row(0.3, version=0)])
    assert study.measured()["sparsity"].tolist() == [0.1]
    assert study.foreign() == 2


def test_what_a_recovery_measured_otherwise_is_set_aside_until_measured_again(tmp_path):
    """Points with ``ls`` once refitted one layer only; those without recovery stay."""
    study = StudyFolder.create(tmp_path, manifest())
    assert study.superseded() is None
    old = {"version": MEASUREMENT_VERSION, "recovery": "ls"}
    study.measurements.append([row(0.1), row(0.1, **old), row(0.2, **old)])
    plan = Plan("p", "f", {"fc": Choice("magnitude", 0.5)}, "ls")
    values = {field.name: getattr(ROW, field.name, 0) for field in fields(Verification)}
    verified = Verification(**values | {
        "digest": plan.digest, "plan": to_json(plan), "split": "validation", "predictor": "",
        "version": MEASUREMENT_VERSION, "removed_units": "",
    })  # fmt: skip
    without = replace(verified, digest="d", plan=to_json(replace(plan, recovery="none")))
    study.verifications.append([without])
    assert "2 points with recovery ls" in (study.superseded() or "")
    study.verifications.append([verified])
    assert study.measured()["recovery"].tolist() == ["none"]
    assert study.verified()["digest"].tolist() == ["d"]
    said = study.superseded() or ""
    assert said.startswith("Set aside: 2 points and 1 verified plan with recovery ls, measured by")
    assert said.endswith(f"Measure again: prunescope sweep --study {tmp_path} --recovery ls.")
    now = measurement_version("ls")
    study.measurements.append([row(each, recovery="ls", version=now) for each in (0.1, 0.2)])
    study.verifications.append([replace(verified, version=now)])
    assert study.superseded() is None
    assert len(study.measured()) == 3
    assert len(study.verified()) == 2


def test_a_folder_without_a_study_says_how_to_make_one(tmp_path):
    with pytest.raises(BadReference, match=r"none\. Make one: prunescope sweep MODEL --data DATA"):
        StudyFolder.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "at the whole file: Invalid JSON"),
        (b"{", "at the whole file: Invalid JSON"),
        (b"{}", "at reference: Field required"),
        (b"\xff\xfe", "at the whole file: Invalid JSON"),
        (b"[]", "at the whole file"),
    ],
)
def test_a_damaged_manifest_is_refused(tmp_path, content, where):
    (tmp_path / "study.json").write_bytes(content)
    with pytest.raises(DamagedFile, match=where) as caught:
        StudyFolder.open(tmp_path)
    assert "Restore the file or make it anew." in str(caught.value)


def test_a_manifest_with_a_wrong_type_names_the_field(tmp_path):
    StudyFolder.create(tmp_path, manifest())
    plain = json.loads((tmp_path / "study.json").read_text())
    plain["layers"][0]["parameters"] = "many"
    (tmp_path / "study.json").write_text(json.dumps(plain))
    with pytest.raises(DamagedFile, match=r"at layers\.0\.parameters"):
        StudyFolder.open(tmp_path)


def test_manifests_survive_json():
    assert from_json(Manifest, to_json(manifest()), "here") == manifest()
    json.loads(to_json(manifest()), parse_constant=lambda name: pytest.fail(name))


def test_unknown_fields_of_a_later_version_are_ignored(tmp_path):
    plain = json.loads(to_json(manifest())) | {"later": 1}
    assert from_json(Manifest, json.dumps(plain), "here") == manifest()


def test_plans_are_saved_found_and_removed(tmp_path):
    study = StudyFolder.create(tmp_path, manifest())
    plan = Plan("half of it", "f", {"fc": Choice("magnitude", 0.5)})
    study.save_plan(plan)
    assert study.plans() == ("half of it",)
    assert study.plan("half of it") == plan
    study.saved_plans.throw_away("half of it")
    assert study.plans() == ()
    study.saved_plans.throw_away("half of it")


def test_a_plan_for_other_weights_is_refused(tmp_path):
    study = StudyFolder.create(tmp_path, manifest())
    study.save_plan(Plan("theirs", "other", {"fc": Choice("magnitude", 0.5)}))
    with pytest.raises(ForeignStudy, match="Expected plan 'theirs' to be made for this study"):
        study.plan("theirs")


def test_a_plan_with_an_unknown_layer_names_the_closest():
    plan = Plan("p", "f", {"fcc": Choice("magnitude", 0.5)})
    with pytest.raises(UnknownName, match=r"'fcc'\. Closest: fc\."):
        plan.require(manifest())


def test_an_unknown_plan_names_the_closest(tmp_path):
    study = StudyFolder.create(tmp_path, manifest())
    study.save_plan(Plan("small", "f"))
    with pytest.raises(UnknownName, match="Closest: small"):
        study.plan("smal")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 81, "a\nb"])
def test_plan_names_never_leave_the_study(tmp_path, name):
    study = StudyFolder.create(tmp_path / "s", manifest())
    before = files(tmp_path)
    with pytest.raises(BadValue, match="Expected a plan's name of letters"):
        study.save_plan(Plan(name, "f"))
    assert files(tmp_path) == before


def test_deleting_never_leaves_the_study(tmp_path):
    study = StudyFolder.create(tmp_path / "s", manifest())
    (tmp_path / "mine.json").write_text("{}")
    study.save_plan(Plan("a", "f"))
    study.saved_plans.throw_away("../../mine")
    assert (tmp_path / "mine.json").exists()


def test_a_damaged_plan_is_refused(tmp_path):
    study = StudyFolder.create(tmp_path, manifest())
    path = study.save_plan(Plan("p", "f", {"fc": Choice("magnitude", 0.5)}))
    path.write_text(path.read_text().replace("0.5", "50"))
    with pytest.raises((DamagedFile, BadValue), match="from 0 to 1"):
        study.plan("p")
    with pytest.raises(DamagedFile, match="No such file"):
        read_document(Plan, tmp_path / "none.json")


def test_a_plan_s_digest_is_what_it_does():
    one = Plan("a", "f", {"x": Choice("magnitude", 0.1 * 3), "y": Choice("taylor", 0.0)})
    same = Plan("b", "f", {"x": Choice("magnitude", 0.3, locked=True)})
    assert one.digest == same.digest
    assert one.digest != replace(same, seed=1).digest
    assert one.digest != same.setting({"x": Choice("magnitude", 0.4)}).digest


def test_studies_are_found_in_a_folder(tmp_path):
    for name in ("b", "a"):
        StudyFolder.create(tmp_path / name, manifest())
    (tmp_path / "other").mkdir()
    assert [path.name for path in find_studies(tmp_path)] == ["a", "b"]
    assert find_studies(tmp_path / "a") == (tmp_path / "a",)
    assert find_studies(tmp_path / "nowhere") == ()


def test_a_study_that_was_removed_meanwhile_is_not_begun_again_in_pieces(tmp_path):

    study = StudyFolder.create(tmp_path / "s", manifest())
    shutil.rmtree(tmp_path / "s")
    for write in (
        lambda: study.measurements.append([row()]),
        lambda: study.save_plan(Plan("p", "f", {})),
        study.require_present,
    ):
        with pytest.raises(StorageFailure, match="to stay while this ran, but it was moved or rem"):
            write()
    assert not (tmp_path / "s").exists()
