"""Groups on the pages: a chain of coupled layers is one row, and every control changes the plan."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Sweep
from prunescope.dashboard.shared import session
from prunescope.planning.preview import preview
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, Reference
from prunescope.study.coupled_groups import freed, meetings
from prunescope.study.plan import Choice
from prunescope.text import units

Open = Callable[..., AppTest]

NETWORK = '''\
"""A residual network on scikit-learn's digits."""

import torch
from sklearn.datasets import load_digits
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.inner = nn.Conv2d(16, 12, 3, padding=1)
        self.outer = nn.Conv2d(12, 16, 3, padding=1)
        self.wide = nn.Conv2d(16, 20, 3, stride=2)
        self.head = nn.Linear(20, 10)

    def forward(self, x):
        x = self.norm(self.stem(x)).relu()
        x = x + self.outer(self.inner(x).relu())
        return self.head(self.wide(x).relu().mean((2, 3)))


def splits():
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor(labels)
    return {
        "calibration": (x[:64], y[:64]), "validation": (x[64:164], y[64:164]),
        "test": (x[164:200], y[164:200]),
    }
'''


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a really swept study: weights and channels of a residual network."""
    from prunescope.bench.workbench import prepare
    from prunescope.sweep.runner import sweep

    folder = tmp_path_factory.mktemp("groups")
    file = folder / "net.py"
    file.write_text(NETWORK)
    bench = prepare(Reference(f"{file}:Net", f"{file}:splits"))
    study = StudyFolder.create(folder / "studies" / "net", bench.manifest)
    methods = (Method("l1", "channel"), Method("random", "channel"))
    sweep(bench, study, Grid(methods, (0.02, 0.25, 0.5, 0.75)), Silent())
    sweep(bench, study, Grid((Method("magnitude"),), (0.5,), ("outer", "wide")), Silent())
    return folder / "studies"


@pytest.fixture
def studies(swept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(swept, tmp_path / "studies"))


@pytest.fixture
def study(studies: Path) -> StudyFolder:
    return StudyFolder.open(studies / "net")


def texts(at: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "subheader")
    return "\n".join(element.value for kind in kinds for element in at.get(kind))


def metric(at: AppTest, label: str) -> str:
    (found,) = [each for each in at.metric if each.label == label]
    return str(found.value)


def table(at: AppTest, *columns: str) -> object:
    (found,) = [each.value for each in at.dataframe if set(columns) <= set(each.value.columns)]
    return found


def choices(at: AppTest, study: StudyFolder) -> dict[str, Choice]:
    return dict(at.session_state[session.draft_key(study)].plan.choices)


def channels(at: AppTest, key: str) -> AppTest:
    """Choose that channels leave."""
    at.segmented_control(key=key).set_value("channel").run()
    return at


def test_the_study_lists_every_group_with_the_law_or_the_reason(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    found = table(open_page(studies), "Group", "Removal").set_index("Group")
    assert list(found.index) == ["stem", "inner", "wide", "head"]
    assert found.loc["stem", "Units"] == "16 channels"
    assert found.loc["stem", "Coupled layers"] == "4 layers: stem, inner, outer, wide"
    assert all(
        law == "exact" or float(law.removeprefix("exact to ")) < 1e-4
        for law in found["Removal"][:3]
    )
    assert found.loc["head", "Can leave"] == "no: it is read as the network's output"
    assert list(found["Can leave"][:3]) == ["yes"] * 3
    assert "**head**: not prunable, because it is read as" in texts(open_page(studies))
    assert found.loc["inner", "One frees"] == freed(study.manifest, {"inner": 1}).parameters
    assert (found["Points"][:3] > 0).all()


def test_a_chain_of_coupled_layers_is_one_row(studies: Path, open_page: Open) -> None:
    at = channels(open_page(studies, "curves"), "curves granularity")
    assert not at.exception
    rows = table(at, "Layer", "Safe to")
    assert list(rows["Layer"]) == ["stem", "inner", "wide"]  # outer is in the first row
    assert list(rows["Units"]) == [16, 12, 20]
    assert list(rows["Layers"]) == [4, 2, 2]


def test_choosing_a_group_shows_who_changes_and_what_that_frees(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    at = channels(open_page(studies, "curves", layer="stem"), "curves granularity")
    said = texts(at)
    assert "**16 channels that leave together**" in said
    assert "Made by `stem`, `outer`; read by `inner`, `wide`." in said
    assert "Checked on this model" in said
    for count in (8, 3):
        if count != 8:
            at.slider(key="coupled stem stem").set_value(count).run()
        found = freed(study.manifest, {"stem": count})
        assert metric(at, "Frees parameters") == units.count(found.parameters)
        assert metric(at, "Frees MACs") == units.count(found.macs)
        assert metric(at, "Frees bytes") == units.bytes_(found.bytes)
        sides = table(at, "Left", "Left by both").set_index("Layer")
        for each in meetings(study.manifest, "stem", count):
            assert sides.loc[each.layer, "Left"] == each.alone / each.elements
    members = table(at, "Tensor", "Role", "Dimension")
    assert ("norm.running_mean", "goes along") in set(
        zip(members["Tensor"], members["Role"], strict=True)
    )


def test_half_on_both_sides_leaves_a_quarter(studies: Path, open_page: Open) -> None:
    at = channels(open_page(studies, "curves", layer="inner"), "curves granularity")
    sides = table(at, "Left", "Left by both").set_index("Layer")
    assert dict(sides["Left"]) == {"inner": 0.5, "outer": 0.5}
    assert dict(sides["Left by both"]) == {"inner": 0.25, "outer": 0.25}
    assert dict(sides["Other side"]) == {"inner": "stem", "outer": "stem"}
    assert dict(sides["Here it"]) == {"inner": "makes", "outer": "reads"}


def test_a_layer_tells_what_else_would_change(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", layer="outer")
    labels = [each.label for each in at.expander]
    assert "**outer** makes 16 channels, together with stem, inner, wide and 1 more" in labels
    assert "**outer** reads 12 channels, together with inner" in labels
    assert not at.exception


def test_random_is_one_band_with_one_entry(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    import json

    at = channels(open_page(studies, "curves", layer="wide"), "curves granularity")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    entries = [t["name"] for t in figure["data"] if t.get("showlegend", True) and t.get("name")]
    assert entries == ["l1@channel", "random@channel (3 seeds)"]
    assert len(study.measured().query("subject == 'wide' and criterion == 'random'")) == 9
    assert "mean of 3 seeds" in texts(at)


def test_the_form_offers_multiples_and_seeds_and_names_who_cannot(
    studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sweep] = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.study.sweep_form.start",
        lambda study, request: started.append(request),
    )
    at = channels(open_page(studies), "sweep family")
    at.checkbox(key="sweep method random@channel").check().run()
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    at.selectbox(key="sweep multiple").set_value(16).run()
    assert "stem has 16 channels, too few to remove any and keep a multiple of 16" in texts(at)
    assert "wide has 20 channels; the smallest sparsity that removes any is 0.2" not in texts(at)
    at.number_input(key="sweep seeds").set_value(2).run()
    at.button(key="sweep start").click().run()
    assert not at.exception
    assert (started[0].seeds, started[0].multiple) == ((0, 1), 16)


@pytest.mark.parametrize(
    ("action", "key", "value", "check"),
    [
        ("set", "bulk set", 75.0, lambda c, n: c.sparsity == 0.75),
        ("scale", "bulk scale", 0.5, lambda c, n: c.sparsity == 0.25),
        ("limit", "bulk limit", 100.0, lambda c, n: c.sparsity >= 0.75),
        ("round", "bulk round", 8, lambda c, n: c.sparsity == {"stem": .5, "inner": 1 / 3,
                                                               "wide": .2}[n] or n == "inner"),
        ("method", "bulk method", "random@channel", lambda c, n: c.criterion == "random"),
        ("lock", None, None, lambda c, n: c.locked),
    ],
)  # fmt: skip
def test_every_bulk_edit_of_channels_changes_the_plan(
    action: str, key: str | None, value: float | str | None,
    check: Callable[[Choice, str], bool], studies: Path, study: StudyFolder, open_page: Open,
) -> None:  # fmt: skip
    at = channels(open_page(studies, "plan"), "plan granularity")
    at.button(key="bulk apply").click().run()
    before = choices(at, study)
    assert sorted(before) == ["inner", "stem", "wide"]
    assert {(c.sparsity, c.granularity) for c in before.values()} == {(0.5, "channel")}
    at.selectbox(key="bulk action").set_value(action).run()
    if key is not None:
        picks = action in ("method", "round")
        (at.selectbox(key=key) if picks else at.number_input(key=key)).set_value(value).run()
    at.button(key="bulk apply").click().run()
    after = choices(at, study)
    assert not at.exception
    assert after != before
    assert all(check(choice, name) for name, choice in after.items())
    at.button(key="undo").click().run()
    assert choices(at, study) == before


def test_the_plan_of_channels_says_what_the_smaller_model_holds(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    at = channels(open_page(studies, "plan"), "plan granularity")
    at.button(key="bulk apply").click().run()
    plan = at.session_state[session.draft_key(study)].plan
    said = preview(study.manifest, plan, {})
    assert said.stored < study.manifest.parameters / 2
    costs = str(at.get("table")[0].value)
    assert units.count(said.stored) in costs
    assert units.count(said.macs) in costs
    editor = at.get("arrow_data_frame")
    assert editor or "3 of 3 shown groups are pruned" in texts(at)


def test_units_that_cannot_be_rounded_are_named(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    at = channels(open_page(studies, "plan"), "plan granularity")
    at.button(key="bulk apply").click().run()
    at.selectbox(key="bulk action").set_value("round").run()
    at.selectbox(key="bulk round").set_value(16).run()
    at.button(key="bulk apply").click().run()
    assert "keep a multiple of 16: stem, inner" in texts(at)
    assert choices(at, study)["wide"].sparsity == 0.2
    assert choices(at, study)["stem"].sparsity == 0


def test_a_refused_part_of_a_groups_name_is_told_beside_it(
    studies: Path, study: StudyFolder, open_page: Open
) -> None:
    """Such as the half of a layer's outputs that is added to the network's input."""
    (made, *_) = [g for g in study.manifest.groups if "outer" in g.layers and not g.reason]
    refused = replace(made, reason="it is added to the input", units=0)
    study.update(replace(study.manifest, groups=(*study.manifest.groups, refused)))
    at = open_page(studies, "curves", layer="outer")
    at.segmented_control(key="curves granularity").set_value("weight").run()
    assert not at.exception
    said = texts(at)
    assert "channels that leave together" in said
    assert "Not prunable, because it is added to the input." in said
