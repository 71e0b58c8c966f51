"""Stores that are not there, refuse, or disappear: one sentence, and nothing lost."""

import time

import pytest

from prunescope.errors import BadReference, PrunescopeError, StorageFailure, UnknownName
from prunescope.object_store import while_sweeping
from prunescope.object_store.address import checked_store
from prunescope.object_store.mirror import mirrored, mirrored_or_refused
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.while_sweeping import pull, pushing
from tests.analysis.object_store.test_store import fill
from tests.analysis.store.rows import row


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://", "a store like s3://BUCKET/NAME"), ("studies/mine", "for one study alone"),
        ("simplecache::s3://b/n", "a store like"), ("", "a store like"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(BadReference, match=said):
        checked_store(text)


def test_a_protocol_that_nobody_speaks_is_named() -> None:
    with pytest.raises(UnknownName, match="Closest: s3"):
        checked_store("s4://bucket/name")


def test_missing_credentials_are_said(s3, monkeypatch) -> None:
    import s3fs

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(StorageFailure, match="Expected credentials for .*AWS_ACCESS_KEY_ID"):
            ObjectStore(f"s3://{s3.bucket}/study").write("manifests/x", b"x")
    finally:
        s3fs.S3FileSystem.clear_instance_cache()


def test_a_bucket_that_is_not_there_is_said(s3, study) -> None:
    sending = pushing(pull("s3://no-such-bucket/study", study))
    with pytest.raises(StorageFailure, match="there is none.*Make its bucket"), sending:
        pass


def test_a_package_that_is_missing_is_named(monkeypatch) -> None:
    with pytest.raises(BadReference, match="pip install gcsfs"):
        ObjectStore("gs://bucket/study").names("manifests")


def test_a_store_that_disappears_holds_nothing_up_and_gets_the_rest_later(
    store, study, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(while_sweeping, "SOONEST", 0.01)
    fill(study, row(0.3))
    with pushing(pull(store.url, study)):
        pass
    outbox = pull(store.url, study)
    write = ObjectStore.write

    def gone(self: ObjectStore, name: str, content: bytes) -> None:
        raise self._failure(OSError("connection reset"))

    refused = pytest.raises(StorageFailure, match="All points are in .*own")
    with refused as error, pushing(outbox):
        monkeypatch.setattr(ObjectStore, "write", gone)
        fill(study, row(0.5))
        until = time.monotonic() + 5
        while not caplog.messages and time.monotonic() < until:
            time.sleep(0.01)
        fill(study, row(0.7))
    assert "connection reset" in str(error.value)
    assert "The sweep goes on" in caplog.text
    monkeypatch.setattr(ObjectStore, "write", write)
    assert list(study.measured()["sparsity"]) == [0.3, 0.5, 0.7]
    assert len(mirrored_or_refused(store).measured()) == 1
    with pushing(pull(store.url, study)):
        pass
    assert list(mirrored_or_refused(store).measured()["sparsity"]) == [0.3, 0.5, 0.7]


def test_points_are_sent_while_the_sweep_runs(store, study, monkeypatch) -> None:
    monkeypatch.setattr(while_sweeping, "SOONEST", 0.01)
    with pushing(pull(store.url, study)):
        fill(study, row(0.3))
        until = time.monotonic() + 5
        while not store.names("measurements") and time.monotonic() < until:
            time.sleep(0.01)
        assert len(mirrored_or_refused(store).measured()) == 1


def test_a_sweep_that_fails_sends_what_it_had(store, study) -> None:
    sending = pushing(pull(store.url, study))
    with pytest.raises(PrunescopeError, match="too bad"), sending:
        fill(study, row(0.3))
        raise PrunescopeError("too bad")
    assert len(mirrored(store).measured()) == 1
