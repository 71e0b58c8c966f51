"""Several studies of one network become one: nothing lost, taken twice, or changed at a source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prunescope.errors import BadValue, ForeignStudy
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Verification
from prunescope.store.merge import merge_study
from prunescope.store.predicted_points import PredictedPoint
from prunescope.study import MEASUREMENT_VERSION, GroupSummary, MemberSummary
from prunescope.study.plan import Choice, Plan
from tests.analysis.store.rows import ROW, files, manifest, row

VALUES = np.log(np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.125, 0.875]], np.float32))
PLAN = Plan("half", "f", {"fc": Choice("magnitude", 0.5)})
VERIFIED = Verification(
    "f", MEASUREMENT_VERSION, "d", "{}", "validation", 0.1, "sums", 3, 20, 4, 2.0, 1.0,
    1.0, 0.5, 0.1, 3, 0, (1, 1),
)  # fmt: skip

PREDICTED = PredictedPoint(
    "f", MEASUREMENT_VERSION, "fc", "magnitude", "weight", 0.5, "none", 0, 1.0, 0.1, 0.0, 0.2, 12,
    0.01,
)  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "own", manifest())


@pytest.fixture
def source(tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "other", manifest())


def fill(folder: StudyFolder, *rows) -> None:
    folder.measurements.append(rows)
    folder.logits.extend([(r.key, 0, VALUES[: r.samples]) for r in rows])


def test_points_and_their_logits_come_together(study: StudyFolder, source: StudyFolder) -> None:
    fill(study, row(0.3))
    fill(source, row(0.5), row(0.7))
    before = files(source.folder)
    merged = merge_study(study, source)
    assert (merged.points, merged.further, merged.known) == (2, 0, 0)
    assert list(study.measured()["sparsity"]) == [0.3, 0.5, 0.7]
    np.testing.assert_allclose(study.logits.read(row(0.7).key), VALUES, atol=1e-3)
    assert files(source.folder) == before
    again = merge_study(study, source)
    assert (again.points, again.further, again.known) == (0, 0, 2)
    assert len(list(study.measurements.folder.glob("*.parquet"))) == 1


def test_of_a_point_that_both_have_more_samples_count(
    study: StudyFolder, source: StudyFolder
) -> None:
    fill(study, row(0.3, samples=2, score_sum=1.0), row(0.5, score_sum=9.0))
    fill(source, row(0.3, score_sum=3.0), row(0.5, samples=2, score_sum=1.0))
    merged = merge_study(study, source)
    assert (merged.points, merged.further, merged.known) == (0, 1, 1)
    assert list(study.measured()["score_sum"]) == [3.0, 9.0]
    assert study.logits.read(row(0.3).key).shape == (4, 2)


def test_another_networks_study_is_refused(study: StudyFolder, tmp_path: Path) -> None:
    foreign = StudyFolder.create(tmp_path / "third", manifest("g", weights="other"))
    fill(foreign, replace(ROW, fingerprint="g"))
    before = files(study.folder)
    with pytest.raises(ForeignStudy, match="weights"):
        merge_study(study, foreign)
    with pytest.raises(BadValue, match="another study"):
        merge_study(study, StudyFolder.open(study.folder))
    assert files(study.folder) == before


def test_verified_plans_and_saved_ones_come_too(study: StudyFolder, source: StudyFolder) -> None:
    study.save_plan(PLAN)
    source.save_plan(replace(PLAN, name="same as half"))
    source.save_plan(replace(PLAN, choices={"fc": Choice("magnitude", 0.7)}))
    (source.folder / "plans" / "torn.json").write_text("{")
    source.verifications.append([VERIFIED])
    merged = merge_study(study, source)
    assert (merged.verified, merged.plans, merged.unread) == (1, ("half 2",), ("plan torn",))
    assert study.plans() == ("half", "half 2")
    assert study.plan("half") == PLAN
    assert len(study.verified()) == 1
    again = merge_study(study, source)
    assert (again.verified, again.plans) == (0, ())


def test_what_either_found_out_about_groups_and_points_stays(
    study: StudyFolder, source: StudyFolder
) -> None:
    group = GroupSummary("fc", "channel", 3, (MemberSummary("fc.weight", "fc", 1, "consumer", 1),))
    own = (group, replace(group, name="b", law_error=1e-7))
    other = (replace(group, law_error=2e-7), replace(group, name="b", reason="it differs"))
    why = {"fc magnitude 0.5": "no memory", "fc magnitude 0.7": "no memory"}
    study = study.update(replace(study.manifest, groups=own))
    source = source.update(replace(source.manifest, groups=other, left_out=why))
    fill(study, row(0.5))
    merge_study(study, source)
    found = StudyFolder.open(study.folder).manifest
    assert [(g.law_error, g.reason) for g in found.groups] == [(2e-7, None), (None, "it differs")]
    assert found.left_out == {"fc magnitude 0.7": "no memory"}


def test_a_damaged_file_is_named_and_the_rest_is_taken(
    study: StudyFolder, source: StudyFolder
) -> None:
    fill(source, row(0.5))
    (source.measurements.folder / "0123.parquet").write_bytes(b"PAR1 no table")
    merged = merge_study(study, source)
    assert merged.points == 1
    assert merged.unread


def test_a_plan_measured_again_with_its_units_counts_more(
    study: StudyFolder, source: StudyFolder
) -> None:
    study.verifications.append([VERIFIED])
    source.verifications.append([replace(VERIFIED, removed_units="{}")])
    assert merge_study(study, source).verified == 1
    assert list(study.verifications.read()["removed_units"]) == ["{}"]
    assert merge_study(study, source).verified == 0


def test_every_table_of_rows_is_merged_and_its_damage_said(
    study: StudyFolder, source: StudyFolder
) -> None:
    source.predicted.append([PREDICTED])
    merge_study(study, source)
    assert study.predictions() == (PREDICTED,)
    for table in study.tables.values():
        table.folder.mkdir(exist_ok=True)
        (table.folder / "x.parquet").write_bytes(b"PAR1")
        table.read()
    assert len(study.damaged()) == len(study.tables)
