"""Files appear whole or not at all, and the disk's complaints become sentences."""

import errno
import os

import pytest

from prunescope.errors import StorageFailure
from prunescope.store.files import set_aside, write_atomically

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
