"""Studies are named, renamed, copied, thrown away and taken back; weights are kept as numbers."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from prunescope.errors import BadReference, BadValue, DamagedFile, ReadOnly
from prunescope.store import study_names
from prunescope.store.folder import find_studies
from prunescope.store.read_only import READ_ONLY
from prunescope.store.trash import throw_away
from prunescope.store.uploads import MOST, keep_weights


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in ("one", "two", ".check-three"):
        (tmp_path / name / "jobs" / "0001-sweep").mkdir(parents=True)
        (tmp_path / name / "measurements").mkdir()
        (tmp_path / name / "study.json").write_text("{}")
        (tmp_path / name / "measurements" / "a.parquet").write_text(name)
    return tmp_path


def test_what_is_only_looked_at_is_no_study_until_it_is_made(studies: Path) -> None:
    assert [path.name for path in find_studies(studies)] == ["one", "two"]
    (check,) = study_names.checks(studies)
    made = study_names.make_checked(check)
    assert made == studies / "three"
    assert (made / "measurements" / "a.parquet").read_text() == ".check-three"
    assert study_names.checks(studies) == ()


@pytest.mark.parametrize("name", ["two", "three", "../out", "", ".hidden", "a/b", "x" * 81])
def test_a_name_that_is_taken_or_leads_elsewhere_is_refused(studies: Path, name: str) -> None:
    for give in (study_names.rename, study_names.duplicate):
        with pytest.raises(BadValue, match="Expected a (new )?name"):
            give(studies / "one", name)
    assert sorted(path.name for path in studies.iterdir()) == [".check-three", "one", "two"]


def test_a_copy_has_all_but_the_jobs(studies: Path) -> None:
    copy = study_names.duplicate(studies / "one", "copy")
    assert sorted(path.name for path in copy.iterdir()) == ["measurements", "study.json"]
    assert (studies / "one" / "jobs").is_dir()
    assert study_names.rename(copy, "another").name == "another"
    assert not copy.exists()


def test_what_was_thrown_away_comes_back_beside_a_later_one(studies: Path) -> None:
    throw_away(studies / "one")
    study_names.duplicate(studies / "two", "one")
    (lying,) = study_names.thrown_away(studies)
    back = study_names.restore(lying)
    assert back.name.startswith("one ")
    assert (back / "measurements" / "a.parquet").read_text() == "one"
    with pytest.raises(BadReference, match="not there any more"):
        study_names.restore(lying)
    with pytest.raises(BadReference):
        study_names.restore(studies / "two")  # lies in no trash


def test_nothing_moves_where_studies_may_only_be_read(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READ_ONLY, "1")
    for do in (
        lambda: study_names.rename(studies / "one", "new"),
        lambda: study_names.duplicate(studies / "one", "new"),
        lambda: study_names.make_checked(studies / ".check-three"),
        lambda: keep_weights(studies, "a.safetensors", save({"w": np.zeros(3)})),
    ):
        with pytest.raises(ReadOnly):
            do()
    assert sorted(path.name for path in studies.iterdir()) == [".check-three", "one", "two"]


def test_weights_are_kept_once_and_only_as_numbers(tmp_path: Path) -> None:
    content = save({"w": np.arange(6, dtype=np.float32)})
    first = keep_weights(tmp_path, "mine.safetensors", content)
    assert first.read_bytes() == content
    assert keep_weights(tmp_path, "../../other.safetensors", content) == first
    with pytest.raises(BadValue, match="can hold code"):
        keep_weights(tmp_path, "mine.pt", content)
    with pytest.raises(DamagedFile):
        keep_weights(tmp_path, "mine.safetensors", b"\x80\x04cos\nsystem\n(S'ls'\ntR.")
    with pytest.raises(BadValue, match="at most 48"):
        keep_weights(tmp_path, "mine.safetensors", bytes(MOST + 1))
    assert list((tmp_path / ".uploads").iterdir()) == [first]
