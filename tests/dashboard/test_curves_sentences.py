"""Every sentence of the page *Curves* is recomputed from the store, and equal."""

from collections.abc import Mapping

from streamlit.testing.v1 import AppTest

from prunescope.curves.chance import chance, verdict_sentences
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import over_seeds
from prunescope.statistics.paired import paired_interval
from prunescope.study.coupled_groups import units_at_share
from prunescope.study.network_size import shrunk
from prunescope.text import units
from prunescope.text.scores import PERCENT_WORDS
from tests.dashboard.page_texts import columns, everywhere, left_over, said
from tests.dashboard.raw_store import Store

drop_words = PERCENT_WORDS.drop

LAYER = "conv2"


def of_layer(store: Store, name: str, granularity: str, limit: float) -> list[str]:
    """What is said beside the chart of one layer or group."""
    manifest, rows = store.study.manifest, store.rows(name, granularity)
    noun = "layer" if granularity == "weight" else "group"
    samples = int(rows["samples"].min())
    expected = [
        f"Only this {noun} is pruned. Bands: the 95 % interval of each point's mean drop, over "
        f"samples like these, from {samples} samples a point."
    ]
    safe = store.safe(name, granularity, limit)
    suffix = "" if granularity == "weight" else f"@{granularity}"
    if safe is not None:
        sparsity, criterion, point = safe
        expected.append(
            f"Safe to {100 * sparsity:g} % within {100 * limit:.2f} pt: by {criterion}{suffix} "
            f"without recovery. The mean drop there is {drop_words(point['drop'])}, at most "
            f"{drop_words(point['high'])} by its 95 % interval over samples like these, from "
            f"{int(point['samples'])} samples."
        )
    else:
        firsts = [own.iloc[0] for own in store.curves(name, granularity).values()]
        first = min(firsts, key=lambda point: point["high"])
        expected.append(
            f"Nothing is called safe within {100 * limit:.2f} pt: the least upper end of a 95 % "
            f"interval of the mean drop is {drop_words(first['high'])}, at "
            f"{100 * first['sparsity']:g} %."
        )
        least = paired_interval(int(first["samples"]), 0.0, 0.0).high
        if least > limit:
            expected.append(
                f"From {int(first['samples'])} samples no interval ends below "
                f"{drop_words(least)}, even without any change"
            )
    points = over_seeds(measured_points(store.frame, manifest.scale))
    own = points[(points["subject"] == name) & (points["granularity"] == granularity)]
    verdicts = chance(own)
    expected += verdict_sentences(verdicts[:4])
    expected.append(f"{len(verdicts) - 4} more curve")
    if rows["seeds"].max() > 1:
        expected.append(f"Of random, the mean of {rows['seeds'].max()} seeds in a band")
    if granularity == "weight":
        (layer,) = [each for each in manifest.layers if each.name == name]
        expected.append(
            f"{name} — {layer.kind}, {' × '.join(map(str, layer.shape))}, "
            f"{units.count(layer.parameters)} weights, {100 * layer.macs / manifest.macs:.1f} % of "
            "all MACs"
        )
    else:
        group = manifest.group(name)
        expected.append(
            f"{name} — {group.units} channels that leave together from {len(group.layers)} layers"
        )
        expected.append(f"One of {group.units} channels is {100 / group.units:.2f} %: smaller")
    return expected


def of_groups(store: Store, names: list[str]) -> list[str]:
    """What is said of the groups that are shown, half of whose units leave."""
    manifest = store.study.manifest
    expected = []
    for group in (each for each in manifest.groups if each.name in names):
        if group.reason is not None:
            continue
        half = max(group.units // 2, 1)
        left = shrunk(manifest, units_at_share(manifest, "channel", half / group.units))
        expected += [
            f"{group.units} channels that leave together, one decision for {len(group.layers)} "
            "layers.",
            f"The same share ({100 * half / group.units:.0f} %) out of every group of channels "
            f"frees {100 * (1 - left.parameters / manifest.parameters):.0f} % of the model's "
            f"parameters and {100 * (1 - left.macs / manifest.macs):.0f} % of its MACs",
            "its outputs "
            + (
                f"differ by {group.law_error:.0e} of their scale from"
                if group.law_error
                else "equal"
            )
            + " those of the dense network in which the same ones are silenced.",
            f"Checked on this model: without half of these {group.granularity}s",
            f"{group.units} channels",
        ]
        expected += group.layers
    return expected


def of_map(store: Store) -> str:
    """The caption of the map: colours end at guessing."""
    baseline = store.study.manifest.baseline
    assert baseline is not None
    guess = max(baseline.class_samples) / sum(baseline.class_samples)
    return (
        f"strongest at {100 * (baseline.score - guess):.1f} pt, as bad as always answering the "
        "most frequent class. A dot is a drop whose 95 % interval contains 0"
    )


def test_every_sentence_of_the_curves_page_is_the_stores(
    curves_pages: Mapping[str, AppTest], store: Store
) -> None:
    for granularity, at in curves_pages.items():
        assert not at.exception
        for limit in (0.01, 0.05):
            at.number_input(key="limit").set_value(100 * limit).run()
            table = columns(at, "Safe to")
            expected = [
                *everywhere(store.study),
                *of_layer(store, LAYER, granularity, limit),
                *of_groups(store, [LAYER, "conv1", "fc1", "fc2", "fc3"]),
                of_map(store),
                f"{len(table)} {'layers' if granularity == 'weight' else 'groups'} — choose one",
                LAYER,
            ]
            assert left_over(said(at), expected) == [], f"{granularity}, {limit}"


def test_a_number_that_nobody_recomputed_would_be_noticed(
    curves_pages: Mapping[str, AppTest], store: Store
) -> None:
    known = everywhere(store.study)
    assert left_over(iter([*known, "Safe to 90 %."]), known) == ["Safe to 90 %."]
    wrong = [known[0].replace("dense top-1 ", "dense top-1 1")]
    assert left_over(iter(known[:1]), wrong) == known[:1]
