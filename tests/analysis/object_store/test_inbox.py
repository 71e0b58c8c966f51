"""What other sweeps write into a store while one runs comes into its study, once."""

import time

import pyarrow as pa
import pytest

from prunescope.errors import StorageFailure
from prunescope.object_store import while_sweeping
from prunescope.object_store.inbox import SWEEPS, Inbox
from prunescope.object_store.mirror import mirrored_or_refused
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.while_sweeping import pull, pushing
from prunescope.store.folder import StudyFolder
from prunescope.store.table_file import encoded
from prunescope.study.shard import WHOLE, Shard
from tests.analysis.object_store.test_store import fill, names, sent
from tests.analysis.store.rows import files, row


@pytest.fixture
def inbox(store: ObjectStore, study: StudyFolder) -> Inbox:
    """Of a sweep that has begun."""
    inbox = Inbox(pull(store.url, study), grid="g")
    inbox.outbox.begin()
    inbox.join()
    return inbox


def test_others_points_come_in_and_are_not_sent_again(inbox, store, study, other) -> None:
    fill(study, row(0.3))
    inbox.outbox.push()
    fill(other, row(0.5), row(0.7, samples=2))
    sent(store, other)
    before = names(store)
    assert inbox.pull() == 2
    assert inbox.others.heard
    assert list(study.measured()["samples"]) == [4, 4, 2]
    assert study.logits.read(row(0.7).key).shape == (2, 2)
    assert (inbox.pull(), inbox.outbox.push()) == (0, 0)
    study.measurements.compact()
    study.logits.compact()
    assert inbox.outbox.push() == 0
    assert names(store) == before
    fill(study, row(0.7))
    assert inbox.outbox.push() == 1  # taken further than they had it


def test_what_both_measured_whole_is_counted(inbox, store, study, other) -> None:
    fill(study, row(0.3), row(0.5), row(0.7, samples=2))
    fill(other, row(0.3), row(0.7), row(0.9))
    sent(store, other)
    assert inbox.pull() == 2
    assert (inbox.exchange.taken, inbox.exchange.twice) == (2, 1)
    assert list(study.measured()["samples"]) == [4, 4, 4, 4]


def test_what_the_store_held_before_is_nobodys_news(store, study, other) -> None:
    fill(other, row(0.3))
    sent(store, other)
    inbox = Inbox(pull(store.url, study))
    assert inbox.pull() == 0
    assert (inbox.exchange.taken, inbox.exchange.twice, inbox.others.heard) == (0, 0, False)


def test_a_part_that_is_half_there_waits(inbox, store, study, other) -> None:
    fill(other, row(0.3))
    sent(store, other)
    (name,) = store.names("measurements")
    ((_, content),) = store.read([f"measurements/{name}"])
    store.write(f"measurements/{name}", content[:-7])
    assert inbox.pull() == 0
    store.write(f"measurements/{name}", content)
    assert inbox.pull() == 1


def test_a_part_that_is_no_table_takes_nothing_with_it(inbox, store, study, other) -> None:
    fill(other, row(0.3))
    sent(store, other)
    name, content = encoded(pa.table({"subject": [1]}))
    store.write(f"measurements/{name}", content)
    assert inbox.pull() == 1
    assert list(study.measured()["sparsity"]) == [0.3]


def test_sweeps_of_the_same_points_know_of_each_other(inbox, store, other) -> None:
    assert inbox.others.shard == WHOLE
    second = Inbox(pull(store.url, other), grid="g")
    third = Inbox(pull(store.url, other), grid="another")
    second.join()
    third.join()
    assert third.others.shard == WHOLE
    inbox.pull()
    assert {inbox.others.shard, second.others.shard} == {Shard(1, 2), Shard(2, 2)}
    second.leave()
    inbox.pull()
    assert inbox.others.shard == WHOLE
    assert len(store.names(SWEEPS)) == 2


def test_a_sweep_leaves_also_where_it_fails(store, study) -> None:
    inbox = Inbox(pull(store.url, study))
    with pytest.raises(StorageFailure), pushing(inbox.outbox, inbox):
        assert store.names(SWEEPS)
        raise StorageFailure("Expected room.")
    assert not store.names(SWEEPS)


def test_two_that_push_at_once_end_with_the_same_study(
    store, study, other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has the other's points while both are at it, not only at its next start."""
    monkeypatch.setattr(while_sweeping, "SOONEST", 0.02)
    first = Inbox(pull(store.url, study))
    second = Inbox(pull(store.url, other))
    with pushing(first.outbox, first), pushing(second.outbox, second):
        fill(study, row(0.3))
        fill(other, row(0.5))
        for _ in range(500):
            if len(study.measured()) == len(other.measured()) == 2:
                break
            time.sleep(0.01)
        assert len(study.measured()) == len(other.measured()) == 2
    for part in ("measurements", "logits"):
        assert files(study.folder / part) == files(other.folder / part)
    assert len(mirrored_or_refused(store).measured()) == 2
