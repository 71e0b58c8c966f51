"""What ``import prunescope as ps`` offers: lazily, completely, and showing itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import prunescope as ps
from prunescope.errors import BadReference, BadValue, CannotPrune, UnknownName
from prunescope.progress import Silent
from tests.analysis.api.digits import Net, same, splits, state, trained

QUIET = Silent()


def test_importing_loads_nothing_and_the_rooms_never_hide_the_face() -> None:
    program = (
        "import sys, prunescope as ps\n"
        "print(any(n in sys.modules for n in ('torch', 'pandas', 'prunescope.api')))\n"
        "import prunescope.sweep.stopping_policy, prunescope.study\n"
        "print(ps.sweep.__name__, ps.sweep.__module__, sorted(set(ps.__all__) - set(dir(ps))))\n"
        "print([n for n in ps.__all__ if getattr(ps, n, None) is None], 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["False", "sweep prunescope.api.sweep []", "[] False"], done


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        _ = ps.sweeep  # type: ignore[attr-defined]


def test_a_module_is_inspected_and_left_alone() -> None:
    net, before = trained(), state(trained())
    found = ps.inspect(net, splits()["test"][0])
    assert [layer.name for layer in found.layers if layer.prunable] == ["conv1", "conv2", "fc"]
    assert found.macs == 8 * 9 * 64 + 12 * 72 * 9 + 1080
    assert net.training
    assert same(net, before)
    assert ps.inspect(net, splits()["test"][0].numpy()).parameters == found.parameters
    assert ps.inspect(net, "1,8,8").macs == found.macs
    with pytest.raises(BadReference, match="neither data nor a shape"):
        ps.inspect(net)


def test_frames_and_figure_say_what_was_measured(made: Path) -> None:
    study = ps.open(made)
    assert list(study.layers.query("prunable")["name"]) == ["conv1", "conv2", "fc"]
    assert dict(zip(study.groups["name"], study.groups["prunable"], strict=True)) == {
        "conv1": True, "conv2": True, "fc": False,
    }  # fmt: skip
    assert study.baseline is not None
    assert study.baseline.samples == 200
    figure = study.plot("conv2", ["magnitude"], scale="drop")
    assert figure.layout.xaxis.title.text.startswith("Weights removed")
    both = study.plot("conv2", ["magnitude", "l1@channel"]).layout.xaxis.title.text
    assert both.startswith("Channels or weights removed")
    drawn = next(trace for trace in figure.data if trace.name == "magnitude")
    rows = study.curves.query("subject == 'conv2' and method == 'magnitude'")
    assert list(drawn.y[1:]) == pytest.approx(list(100 * rows["drop"]))
    with pytest.raises(UnknownName, match="measured layer or group"):
        study.plot("conv9")
    with pytest.raises(UnknownName, match="measured method of fc"):
        study.plot("fc", ["l1@channel"])


def test_solve_keeps_budgets_and_locks(made: Path) -> None:
    study = ps.open(made)
    plan = study.solve(macs=0.7, nonzero_macs="60%", lock={"fc": 0.0, "conv1": ("magnitude", 0.3)})
    assert plan.costs["macs"] <= 0.7 * plan.dense["macs"]
    assert plan.costs["nonzero-macs"] <= 0.6 * plan.dense["nonzero-macs"]
    assert plan.choices["fc"].sparsity == 0.0
    assert plan.choices["conv1"].sparsity == 0.3
    assert set(plan.frame["subject"]) >= {"conv1", "conv2", "fc"}
    assert study.predict(plan).drop == plan.prediction.drop
    with pytest.raises(BadValue, match="Expected at least one budget"):
        study.solve()
    with pytest.raises(BadValue, match="Expected verify without exact"):
        study.solve(macs=0.6, exact=True, verify=2)
    with pytest.raises(BadValue, match="but got 'much'"):
        study.solve(macs=0.6, lock={"fc": "much"})  # type: ignore[dict-item]


def test_plans_are_made_by_hand_saved_and_read_back(made: Path) -> None:
    study = ps.open(made)
    plan = study.plan({"conv1": 0.5, "conv2": ("l1@channel", 0.3)}, name="hand")
    assert {name: str(choice.method) for name, choice in plan.choices.items()} == {
        "conv1": "magnitude", "conv2": "l1@channel",
    }  # fmt: skip
    study.save(plan)
    assert study.plans == ("hand",)
    assert study.read_plan("hand") == plan
    assert study.predict("hand").drop == study.predict(plan).drop
    with pytest.raises(UnknownName, match="Closest: conv2, conv1"):
        study.plan({"conv": 0.5})


def test_what_is_done_with_a_plan_shows_itself_escaped(made: Path) -> None:
    study = ps.open(made)
    plan = study.plan({"conv2": ("l1@channel", 0.5)}, name="<i>x</i>")
    shown = [
        study, plan, study.predict(plan), study.verify(plan, progress=QUIET),
        study.solve(macs=0.7), ps.inspect(trained(), "1,8,8"),
        study.pareto(points=3, progress=QUIET),
    ]  # fmt: skip
    assert str(shown[2]).startswith("Predicted drop: ")
    assert str(shown[3]).startswith("Measured on 200 of the validation split: score ")
    texts = [thing._repr_html_() for thing in shown]
    assert all(text.count("<table") == 1 and "<i>" not in text for text in texts)
    assert "&lt;i&gt;x&lt;/i&gt;" in texts[1]
    assert " pt (" in texts[3]
    assert "200 of the validation split" in texts[3]
    assert len(study.verified) == 1


def test_an_export_goes_back_into_the_class_from_its_folder(made: Path, tmp_path: Path) -> None:
    study = ps.open(made)
    plan = study.plan({"conv2": ("l1@channel", 0.5), "fc": 0.5})
    report = study.export(plan, tmp_path / "out", ["safetensors", "pt2"], progress=QUIET)
    assert report.ok
    assert report._repr_html_().count("verified") == 2
    mine = ps.load_pruned(Net(), tmp_path / "out")
    program = torch.export.load(tmp_path / "out/model.pt2").module()
    images = splits()["test"][0]
    torch.testing.assert_close(mine(images), program(images))
    assert mine.conv2.out_channels == 6
    (tmp_path / "out/model.pt2").unlink()
    with pytest.raises(CannotPrune, match="Pass example="):
        ps.load_pruned(Net(), tmp_path / "out")
    with pytest.raises(BadReference, match="safetensors file, but .* does not exist"):
        ps.load_pruned(Net(), tmp_path / "nothing")
