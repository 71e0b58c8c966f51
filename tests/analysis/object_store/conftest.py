"""A local S3 server for the session, and stores in it, in memory and in a folder."""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunescope.object_store.objects import ObjectStore
from prunescope.store.folder import StudyFolder
from tests.analysis.object_store.s3_server import S3Server, serving
from tests.analysis.store.rows import manifest


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serving() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, which this process's environment names, with a fresh bucket."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    s3_server.new_bucket()
    return s3_server


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "cache"))


@pytest.fixture(params=["memory", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of every kind that can be had here."""
    place = {
        "memory": f"memory://{secrets.token_hex(4)}/study",
        "file": f"file://{tmp_path.parent / 'store'}",
    }.get(request.param) or f"s3://{request.getfixturevalue('s3').bucket}/study"
    return ObjectStore(place)


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "own", manifest())


@pytest.fixture
def other(tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "other", manifest())
