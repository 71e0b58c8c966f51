"""Who beats chance does so beyond both intervals; who does not is told."""

import pandas as pd
import pytest

from prunescope.curves.chance import chance, verdict_sentences

pytestmark = pytest.mark.quick


def row(
    criterion: str, sparsity: float, drop: float, half: float = 0.01, seed: int = 0
) -> dict[str, object]:
    return {
        "subject": "conv1", "method": criterion, "criterion": criterion, "granularity": "weight",
        "recovery": "none", "seed": seed, "sparsity": sparsity, "removed": 5, "total": 10,
        "share": sparsity, "samples": 100, "score": 0.9 - drop, "drop": drop, "low": drop - half,
        "high": drop + half, "noise": False, "entropy": drop, "divergence": drop,
        "agreement": 0.9, "compressed_bytes": 0, "nonfinite": 0, "partial": False,
        "split_half": 0.0,
    }  # fmt: skip


def test_beyond_both_intervals_is_better_and_within_is_not() -> None:
    rows = [row("magnitude", s, d) for s, d in ((0.3, 0.0), (0.6, 0.05), (0.9, 0.30))]
    rows += [row("random", s, d) for s, d in ((0.3, 0.015), (0.6, 0.20), (0.9, 0.60))]
    (found,) = chance(pd.DataFrame(rows))
    assert found.compared == (0.3, 0.6, 0.9)
    assert found.better == (0.6, 0.9)
    assert found.beats
    assert found.sentence() == "magnitude beats chance at 60, 90 % (random, one seed)."


def test_the_luckiest_seed_has_to_be_beaten() -> None:
    rows = [row("magnitude", 0.6, 0.05)]
    rows += [row("random", 0.6, drop, seed=seed) for seed, drop in enumerate((0.5, 0.5, 0.04))]
    (found,) = chance(pd.DataFrame(rows))
    assert not found.better
    assert found.sentence() == "magnitude is no better than chance (random, 3 seeds)."


def test_worse_than_chance_is_told() -> None:
    rows = [row("magnitude", 0.6, 0.5), row("random", 0.6, 0.1)]
    (found,) = chance(pd.DataFrame(rows))
    assert found.worse == (0.6,)
    assert not found.beats
    assert "is worse than chance at 60 %" in found.sentence()


def test_its_own_shuffled_twin_is_the_better_control() -> None:
    rows = [row("magnitude", 0.6, 0.1), row("random", 0.6, 0.5)]
    rows += [row("shuffled-magnitude", 0.6, 0.1), row("wanda", 0.6, 0.1)]
    found = {each.method: each for each in chance(pd.DataFrame(rows))}
    assert set(found) == {"magnitude", "wanda"}
    assert found["magnitude"].control == "shuffled-magnitude"
    assert not found["magnitude"].beats
    assert found["wanda"].control == "random"
    assert found["wanda"].beats


@pytest.mark.parametrize("missing", ["control", "sparsity"])
def test_without_a_control_there_is_no_verdict(missing: str) -> None:
    rows = [row("magnitude", 0.6, 0.1)]
    if missing == "sparsity":
        rows.append(row("random", 0.5, 0.1))
    assert chance(pd.DataFrame(rows)) == ()


def test_verdicts_are_told_per_curve_with_their_recovery() -> None:
    """The demo's: "taylor and taylor beat chance at 60, 70 %", though the refitted did not."""
    rows = []
    for s in (0.3, 0.6, 0.7, 0.9):
        rows += [row("taylor", s, 0.01), row("random", s, 0.2 if s in (0.6, 0.7) else 0.01)]
        rows += [row("taylor", s, 0.01), row("random", s, 0.01)]
        rows[-1]["recovery"] = rows[-2]["recovery"] = "ls"
        rows += [row("l1", s, 0.01) | {"recovery": "ls"}]
    assert verdict_sentences(chance(pd.DataFrame(rows))) == [
        "taylor beats chance at 60, 70 % (random, one seed).",
        "taylor + ls is no better than chance (random, one seed).",
        "l1 + ls is no better than chance (random, one seed).",
    ]


def test_curves_that_beat_chance_everywhere_share_a_sentence_and_keep_their_recovery() -> None:
    rows = []
    for recovery in ("none", "ls"):
        for name, drop in (("taylor", 0.01), ("random", 0.3)):
            rows.append(row(name, 0.6, drop) | {"recovery": recovery})
    assert verdict_sentences(chance(pd.DataFrame(rows))) == [
        "taylor and taylor + ls beat chance everywhere (random, one seed)."
    ]


def test_a_range_has_no_gap() -> None:
    sparsities = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    rows = [row("magnitude", s, 0.01) for s in sparsities]
    rows += [row("random", s, 0.01 if s in (0.5, 0.6) else 0.3) for s in sparsities]
    (found,) = chance(pd.DataFrame(rows))
    assert found.sentence() == "magnitude beats chance at 10 to 40, 70 % (random, one seed)."
