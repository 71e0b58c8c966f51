"""The drawn network: every layer once, in place, coloured and filled by what the engine says."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from prunescope.curves.curve import curves
from prunescope.dashboard.charts.network_layout import WIDTH, laid_out
from prunescope.dashboard.charts.network_looks import looks, sensitivities
from prunescope.dashboard.charts.network_nodes import NetworkNode, network_nodes
from prunescope.dashboard.charts.network_svg import network_svg
from prunescope.dashboard.shared.link import encode_plan
from prunescope.dashboard.tables.layers import layer_table
from prunescope.store.folder import StudyFolder
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import PERCENT_WORDS
from tests.dashboard.page import Open

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def residual(residual_once: Path) -> StudyFolder:
    return StudyFolder.open(residual_once)


def many(blocks: int) -> list[NetworkNode]:
    """Residual blocks of two layers and a sum."""
    made = [NetworkNode("input", False, (), "")]
    for number in range(blocks):
        block, last = f"blocks.{number}", len(made) - 1
        made += [
            NetworkNode(f"{block}.fc1", True, (last,), block),
            NetworkNode(f"{block}.fc2", True, (last + 1,), block),
            NetworkNode("add", False, (last + 2, last), block),
        ]
    return made


def test_every_layer_is_one_node_and_branches_meet(residual: StudyFolder) -> None:
    nodes = network_nodes(residual.manifest)
    names = [node.name for node in nodes if node.layer]
    assert names == [layer.name for layer in residual.manifest.layers]
    assert all(source < place for place, node in enumerate(nodes) for source in node.reads)
    assert all(len(node.reads) == 2 for node in nodes if node.name == "add")
    assert any(node.name == "add" for node in nodes)
    assert [node.name for node in nodes if not node.reads] == ["input"]
    chain = network_nodes(replace(residual.manifest, graph=None))
    assert [node.name for node in chain] == names


@pytest.mark.parametrize("blocks", [3, 150])
def test_nodes_stand_beside_each_other_within_the_picture(blocks: int) -> None:
    nodes = many(blocks)
    layout = laid_out(nodes, "blocks.1.fc2")
    for left, right in pairwise(layout.nodes):
        if left.row == right.row:
            assert left.x + left.width / 2 <= right.x - right.width / 2
        else:
            assert right.row == left.row + 1
    assert all(node.x + node.width / 2 <= WIDTH for node in layout.nodes)
    assert all(card.x + card.width <= WIDTH for card in layout.cards)
    named = {n.name for n, place in zip(nodes, layout.nodes, strict=True) if place.named}
    unfolded = {"blocks.1.fc1", "blocks.1.fc2"}
    assert named == ({n.name for n in nodes if n.layer} if blocks == 3 else unfolded)


def test_colour_height_and_filling_are_the_engines(checked_once: Path) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    manifest, known = study.manifest, curves(study.measured(), study.manifest)
    means = sensitivities(known)
    plan = Plan(
        "p", manifest.fingerprint,
        {"conv1": Choice("l1", 0.5, "channel"), "fc2": Choice("magnitude", 0.25)},
    )  # fmt: skip
    drawn = looks(manifest, plan, known, means)
    left = shrunk(manifest, {"conv1": 10}).by_tensor
    for name in ("conv1", "conv2"):
        whole = manifest.layer(name).parameters
        assert drawn[name].removed == pytest.approx(1 - left[f"{name}.weight"] / whole)
    assert drawn["fc2"].removed == pytest.approx(0.25)
    assert drawn["fc1"].removed == 0
    assert sum(look.macs for look in drawn.values()) == pytest.approx(1)
    names = [layer.name for layer in manifest.prunable()]
    table = layer_table(manifest, known, names, 0.01).set_index("Layer")["Mean drop"]
    by_table = sorted(names, key=lambda name: table[name])
    assert sorted(names, key=lambda name: drawn[name].level or 0) == by_table
    for name in names:
        assert f"mean drop alone {PERCENT_WORDS.drop(table[name] / 100)}" in drawn[name].said


def test_the_picture_is_svg_and_foreign_names_are_text(checked_once: Path) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    manifest = study.manifest
    nodes = [
        replace(node, name="<script>&" if node.name == "conv1" else node.name)
        for node in network_nodes(manifest)
    ]
    drawn = looks(manifest, Plan("p", manifest.fingerprint), {}, {})
    drawn["<script>&"] = drawn.pop("conv1")
    svg = network_svg(nodes, laid_out(nodes), drawn, "conv2", "Drop", False)
    root = ElementTree.fromstring(svg)
    layers = [group for group in root.iter(f"{SVG}g") if group.get("class") == "layer"]
    assert [group.get("data-name") for group in layers] == ["<script>&", "conv2", "fc1", "fc2"]
    assert not list(root.iter(f"{SVG}script"))


def test_the_page_draws_it_and_offers_the_file(checked_once: Path, open_page: Open) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    plan = Plan("p", study.manifest.fingerprint, {"fc2": Choice("magnitude", 0.25)})
    at = open_page(checked_once, "plan", plan=encode_plan(plan, study.manifest))
    assert not [one for one in at.get("download_button") if one.proto.label == "SVG"]
    at.session_state["network panel"] = True
    at.run()
    assert not at.exception
    assert [one for one in at.get("download_button") if one.proto.label == "SVG"]
