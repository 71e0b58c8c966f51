"""Sweeps that share an S3 store: gone on with anywhere, refused where they are about another."""

from pathlib import Path

import pytest

from prunescope.api.sharing import Sharing
from prunescope.cli.print_sweep import print_sharing
from prunescope.errors import BadValue
from prunescope.object_store.inbox import Exchange
from prunescope.object_store.watch import watched
from prunescope.store.folder import StudyFolder
from tests.analysis.object_store.conftest import s3, s3_server
from tests.analysis.store.rows import files

__all__ = ["s3", "s3_server"]
ASKED = ("--sparsities", "0.3,0.6", "--methods", "magnitude,l1@channel", "--no-screen")


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_study_on_s3_goes_on_anywhere_and_merges(prunescope, tiny, tmp_path, s3) -> None:
    url = f"s3://{s3.bucket}/studies/tiny"

    def sweep(folder, *more):
        model = () if more[:1] == ("on",) else (tiny.model, "--data", tiny.data)
        rest = more[1:] if not model else more
        return prunescope("sweep", *model, "--study", tmp_path / folder, *ASKED, *rest)

    assert sweep("whole").code == 0
    first = sweep("first", "--shard", "1/2", "--store", url)
    assert f"All of it is in {url} too." in first.err
    assert sweep("second", "--shard", "2/2", "--store", url).code == 0
    again = sweep("third", "on", "--store", url)  # a machine that knows the store alone
    count = len(StudyFolder.open(tmp_path / "whole").measured())
    assert f"0 points measured, {count} known before, 0 left." in again.err
    merged = prunescope("merge", tmp_path / "all", url)
    assert f"{url}: {count} new points." in merged.out
    for folder in ("all", "third"):
        for part in ("measurements", "logits"):
            assert files(tmp_path / folder / part) == files(tmp_path / "whole" / part)
    with watched(url) as mirror:
        assert len(StudyFolder.open(mirror).measured()) == count
        assert mirror.name == "tiny"


def test_what_others_did_meanwhile_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_sharing("s3://b/n", None, Exchange(12, 1))
    told = " ".join(capsys.readouterr().err.split())
    assert "at the same time: 12 points taken over from them, 1 measured twice." in told
    print_sharing("s3://b/n", None, Exchange())
    assert "at the same time" not in capsys.readouterr().err


def test_other_data_are_refused_by_fingerprint(prunescope, tiny, tiny_file, tmp_path) -> None:
    url = f"file://{tmp_path / 'store'}"
    asked = ("sweep", tiny.model, "--data", tiny.data, *ASKED[:2], "--store", url)
    assert prunescope(*asked, "--study", tmp_path / "a").code == 0
    before = files(tmp_path / "store")
    tiny_file.write_text(tiny_file.read_text().replace("manual_seed(7)", "manual_seed(8)"))
    told = prunescope.refused(*asked, "--study", tmp_path / "b")
    assert f"Expected the store {url} to be about the same model and data" in told
    assert "data" in told
    assert files(tmp_path / "store") == before


def test_what_cannot_be_shared_is_one_sentence(prunescope, tmp_path) -> None:
    study = tmp_path / "none"
    sweep = ("sweep", "sample:mlp", "--study", study)
    assert "Add --store s3://" in prunescope.refused(*sweep, "--ray", "local")
    assert "only on a Ray cluster" in prunescope.refused(*sweep, "--workers", "2")
    assert "a store like s3://" in prunescope.refused(*sweep, "--store", "s3:bucket")
    assert "it is empty" in prunescope.refused("merge", study, f"file://{tmp_path / 'no'}")
    assert "it is empty" in prunescope.refused("dashboard", f"file://{tmp_path / 'no'}")
    with pytest.raises(BadValue, match="reach"):
        Sharing("memory://a/b", "local")
    assert not study.exists()
