"""Shards on machines that cannot see each other give the study that one machine makes."""

from tests.analysis.store.rows import files

ASKED = ("--sparsities", "0.3,0.6,0.9", "--methods", "magnitude,l1@channel,random", "--no-screen")


def test_merged_shards_are_the_whole_to_the_byte(prunescope, tiny, tmp_path):
    def sweep(folder, *more):
        return prunescope(
            "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / folder, *ASKED, *more
        )

    assert sweep("whole").code == 0
    for place in (1, 2, 3):
        told = sweep(f"s{place}", "--shard", f"{place}/3")
        assert f"These were the points of shard {place}/3." in told.err
    shards = [tmp_path / f"s{place}" for place in (1, 2, 3)]
    merged = prunescope("merge", tmp_path / "all", *shards, "--json")
    assert merged.code == 0
    new = [one["points"] for one in merged.json]
    assert all(new)
    for part in ("measurements", "logits"):
        assert files(tmp_path / "all" / part) == files(tmp_path / "whole" / part)
    assert (tmp_path / "all" / "network.pt2").read_bytes() == (
        shards[0] / "network.pt2"
    ).read_bytes()
    told = prunescope("merge", tmp_path / "all", shards[0])
    assert f"0 new points and {new[0]} known before." in told.out
    assert f"0 points measured, {sum(new)} known before, 0 left." in sweep("all").err


def test_what_cannot_be_merged_is_one_sentence(prunescope, tiny, tmp_path):
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "a", *ASKED[:2])
    assert "as itself" not in prunescope.refused("merge", tmp_path / "a", tmp_path / "a")
    assert "study folder" in prunescope.refused("merge", tmp_path / "a", tmp_path / "none")
    assert "2/8" in prunescope.refused("sweep", "--study", tmp_path / "a", "--shard", "9/8x")
