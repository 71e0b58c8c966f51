"""Files appear whole or not at all, and the disk's complaints become sentences."""

import errno
import os
import time
from pathlib import Path

import pytest

from prunescope.errors import StorageFailure
from prunescope.store.files import remove_left, set_aside, write_atomically
from prunescope.store.try_lock import try_lock

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"Expected room on the disk for .*, but the disk is full\. Free some space"),
        (errno.EDQUOT, "your quota is used up"),
        (errno.EROFS, r"but the disk is read-only\. Choose another folder"),
        (errno.EACCES, r"but permission is missing\. Change its mode"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_refusing_disk_keeps_the_old_file(tmp_path, monkeypatch, number, message, when):
    path = tmp_path / "deep" / "file.json"
    write_atomically(path, b"old")

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    if when == "fsync":
        monkeypatch.setattr("os.fsync", refuse)
    else:
        monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(StorageFailure, match=message) as caught:
        write_atomically(path, b"new")
    assert "what was finished is kept" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file.json"]


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageFailure, match="a part of the path is a file|File exists"):
        write_atomically(tmp_path / "file" / "study.json", b"{}")


def test_a_really_full_disk(tmp_path):
    """/dev/full refuses every write with ENOSPC."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    from prunescope.store.files import storage

    with (
        pytest.raises(StorageFailure, match="the disk is full"),
        storage(tmp_path),
        open("/dev/full", "wb") as file,
    ):
        file.write(b"x" * 10)
        file.flush()


def test_an_interrupt_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"x")
    assert os.listdir(tmp_path) == []


def test_setting_aside_a_file_that_is_gone_is_no_error(tmp_path):
    assert set_aside(tmp_path / "gone.parquet").name == "gone.parquet.damaged"


def test_what_is_being_written_outlives_a_clock_that_is_set_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = time.time
    monkeypatch.setattr("time.time", lambda: wall() + 86_400)
    left, written = tmp_path / ".a.tmp", tmp_path / ".b.tmp"
    left.touch()
    with written.open("wb") as file:
        assert try_lock(file.fileno())
        for path in (left, written, tmp_path / ".none.tmp"):
            remove_left(path, 3600)
        assert list(tmp_path.iterdir()) == [written]
    remove_left(written, 3600)
    assert list(tmp_path.iterdir()) == []
