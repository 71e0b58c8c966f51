"""Studies in stores in memory, in folders and on a local S3: nothing lost, repeated or mixed up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prunescope.errors import BadReference, ForeignStudy
from prunescope.object_store import identity
from prunescope.object_store.identity import join_store, listed_manifests, manifest_name
from prunescope.object_store.mirror import mirrored, mirrored_or_refused
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.outbox import Outbox
from prunescope.object_store.while_sweeping import pull, pushing
from prunescope.store.folder import StudyFolder
from prunescope.store.merge import merge_study
from tests.analysis.store.rows import ROW, files, manifest, row
from tests.analysis.store.test_merge import PREDICTED, VERIFIED

VALUES = np.log(np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.125, 0.875]], np.float32))


def fill(study: StudyFolder, *rows) -> None:
    study.logits.extend([(r.key, 0, VALUES[: r.samples]) for r in rows])
    study.measurements.append(rows)


def sent(store: ObjectStore, study: StudyFolder) -> int:
    outbox = Outbox(store, study, mirrored(store))
    outbox.begin()
    return outbox.push()


def names(store: ObjectStore) -> set[str]:
    return {f"{t}/{n}" for t in ("manifests", "measurements", "logits") for n in store.names(t)}


def test_what_two_machines_send_is_what_one_would_have(store, study, other, tmp_path) -> None:
    whole = StudyFolder.create(tmp_path / "whole", manifest())
    fill(whole, row(0.3), row(0.5), row(0.7))
    whole.measurements.compact()
    whole.logits.compact()
    fill(study, row(0.3), row(0.5))
    fill(other, row(0.7), row(0.5))
    assert (sent(store, study), sent(store, other)) == (2, 1)
    mirror = mirrored_or_refused(store)
    merged = StudyFolder.create(tmp_path / "all", manifest())
    assert merge_study(merged, mirror).points == 3
    for part in ("measurements", "logits"):
        assert files(merged.folder / part) == files(whole.folder / part)


def test_nothing_is_sent_twice_also_after_files_were_merged(store, study) -> None:
    fill(study, row(0.3, samples=2))
    fill(study, row(0.5))
    assert sent(store, study) == 2
    before = names(store)
    study.measurements.compact()
    study.logits.compact()
    assert sent(store, study) == 0
    assert names(store) == before
    fill(study, row(0.3))
    assert sent(store, study) == 1
    frame = mirrored_or_refused(store).measured()
    assert list(frame["samples"]) == [4, 4]
    assert mirrored_or_refused(store).logits.read(row(0.3).key).shape == (4, 2)


def test_a_pull_takes_over_what_is_there(store, study, other) -> None:
    fill(study, row(0.3))
    sent(store, study)
    outbox = pull(store.url, other)
    assert list(other.measured()["sparsity"]) == [0.3]
    outbox.begin()
    assert outbox.push() == 0


def test_another_networks_study_is_refused_and_leaves_nothing(store, study, tmp_path) -> None:
    fill(study, row(0.3))
    sent(store, study)
    before = names(store)
    foreign = StudyFolder.create(tmp_path / "third", manifest("a0", weights="other"))
    fill(foreign, replace(ROW, fingerprint="a0"))
    with pytest.raises(ForeignStudy, match="weights"):
        pull(store.url, foreign)
    with pytest.raises(ForeignStudy, match="weights"):
        sent(store, foreign)
    assert names(store) == before


def test_of_two_that_begin_at_once_at_most_one_stays(store, monkeypatch) -> None:
    """Both saw an empty store before they wrote."""
    first, second = manifest("aa", weights="1"), manifest("bb", weights="2")
    real = identity.require_same
    looks = iter([lambda *_: []])
    monkeypatch.setattr(identity, "require_same", lambda *a: next(looks, real)(*a))
    store.write(manifest_name(second), b"{}")
    with pytest.raises(ForeignStudy, match="it holds 2"):
        join_store(store, first)
    assert [name.split("/")[1][:2] for name in listed_manifests(store)] == ["bb"]


def test_another_versions_store_is_refused(store, study) -> None:
    name = manifest_name(study.manifest)
    fingerprint, _, rest = name.split(".", 2)
    store.write(f"{fingerprint}.1-1.{rest}", b"{}")
    with pytest.raises(ForeignStudy, match=r"is by 1-1\. Install"):
        sent(store, study)


def test_a_part_that_is_half_there_waits(store, study) -> None:
    fill(study, row(0.3))
    sent(store, study)
    (name,) = store.names("measurements")
    ((_, content),) = store.read([f"measurements/{name}"])
    store.write(f"measurements/{name}", content[:-7])
    assert mirrored_or_refused(store).measured().empty
    store.write(f"measurements/{name}", content)
    assert len(mirrored_or_refused(store).measured()) == 1


def test_a_store_that_was_emptied_meanwhile_gets_all_of_it_again(store, study) -> None:
    fill(study, row(0.3))
    with pushing(pull(store.url, study)):
        pass
    outbox = pull(store.url, study)
    fill(study, row(0.5))
    with pushing(outbox):
        outbox.push()
        for name in names(store):
            store.remove(name)
    assert list(mirrored_or_refused(store).measured()["sparsity"]) == [0.3, 0.5]


def test_a_mirror_follows_its_address(store, study, tmp_path) -> None:
    fill(study, row(0.3))
    sent(store, study)
    assert len(mirrored_or_refused(store).measured()) == 1
    for name in names(store):
        store.remove(name)
    assert mirrored(store) is None
    foreign = StudyFolder.create(tmp_path / "third", manifest("a0", weights="other"))
    fill(foreign, replace(ROW, fingerprint="a0"))
    sent(store, foreign)
    assert set(mirrored_or_refused(store).measured()["fingerprint"]) == {"a0"}


def test_an_empty_store_is_one_sentence(store) -> None:
    with pytest.raises(BadReference, match="it is empty. Sweep into it"):
        mirrored_or_refused(store)


def test_what_one_refused_is_refused_in_the_mirror(store, study, other, tmp_path: Path) -> None:
    sent(store, study)
    refused = replace(manifest(), left_out={"fc magnitude": "it differs"})
    sent(store, other.update(refused))
    assert len(listed_manifests(store)) == 2
    assert mirrored_or_refused(store).manifest.left_out == {"fc magnitude": "it differs"}


def test_what_a_look_predicts_and_better_rows_reach_the_store(store, study, tmp_path) -> None:
    study.predicted.append([PREDICTED])
    study.verifications.append([VERIFIED])
    outbox = Outbox(store, study, mirrored(store))
    outbox.begin()
    outbox.push()
    study.verifications.append([replace(VERIFIED, removed_units="{}")])
    outbox.push()
    mirror = mirrored_or_refused(store)
    assert mirror.predictions() == (PREDICTED,)
    assert list(mirror.verifications.read()["removed_units"]) == ["{}"]
