"""A criterion of the user's own: live and from a file, named by its source, refused when wrong."""

from pathlib import Path

import pytest
import torch

import prunescope as ps
from prunescope.bench.workbench import Workbench
from prunescope.criteria import user_criterion as module
from prunescope.criteria.scores import Scores
from prunescope.criteria.user_criterion import user_criterion
from prunescope.errors import BadReference, BadValue, UnknownName
from prunescope.progress import Silent
from prunescope.store.trust import vouch_function
from prunescope.study import Manifest, Method
from tests.analysis.api.digits import splits, trained

MINE = '''\
"""Scores of my own."""


def score(evidence):
    """Cubes of the weights."""
    return {name: weight.abs() ** 3 for name, weight in evidence.weights().items()}


def last(evidence):
    """The first units of each group leave first."""
    return {group.name: torch.arange(group.units) for group in evidence.groups}


import torch
'''


def half(evidence):
    """Magnitude by another name."""
    return {name: weight.abs() for name, weight in evidence.weights().items()}


def scores(bench: Workbench, function) -> tuple[Scores, str]:
    rule = user_criterion(function)
    return Scores(bench.network, bench.splits.calibration, bench.groups), rule.name


def test_a_live_function_scores_weights_and_units_as_magnitude_and_l1_do(tiny_bench) -> None:
    made, name = scores(tiny_bench, half)
    for parameter, score in made.by_parameter("magnitude").items():
        assert torch.equal(made.by_parameter(name)[parameter], score)
    weights_only = {
        group.name: sum(
            tiny_bench.network.module.get_parameter(m.parameter).abs().movedim(m.dimension, 0)
            .flatten(1).sum(1).double()[torch.tensor([i[0] for i in m.indices])]
            for m in group.members if m.parameter.endswith("weight") and len(m.indices[0]) == 1
        )
        for group in tiny_bench.groups if group.name == "conv"
    }  # fmt: skip
    torch.testing.assert_close(made.by_group(name)["conv"], weights_only["conv"])


def test_a_function_in_a_file_is_found_by_its_reference_and_named_by_its_hash(write) -> None:
    file = write("mine.py", MINE)
    vouch_function(f"{file}:score")
    first = user_criterion(f"{file}:score")
    assert first.name.startswith(f"{file}:score#")
    assert user_criterion(first.name) is first
    assert first.definition == "Cubes of the weights."
    file.write_text(MINE.replace("** 3", "** 5"))
    second = user_criterion(f"{file}:score")
    assert second.name != first.name
    with pytest.raises(BadValue, match="its file has changed since"):
        user_criterion(f"{file}:score#0123456789")


def test_closures_and_partials_with_other_values_are_other_criteria() -> None:
    def power(exponent: float):
        return lambda evidence: {n: w.abs() ** exponent for n, w in evidence.weights().items()}

    names = [user_criterion(power(value)).name for value in (1.0, 2.0, 1.0)]
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("live:")
    with pytest.raises(BadValue, match="reads a object"):
        user_criterion(power(object()))


@pytest.mark.parametrize(
    ("function", "error", "sentence"),
    [
        (lambda e: 3, BadValue, "to return a dict of tensors by parameter name, but got int"),
        (lambda e: {}, BadValue, "conv.weight has no score"),
        (lambda e: {"conv.weigt": 1}, UnknownName, "Closest: conv.weight"),
        (lambda e: {n: w.abs().sum() for n, w in e.weights().items()}, BadValue, r"but got \(\)"),
        (lambda e: {n: w.abs().log() * 0 - float("inf") for n, w in e.weights().items()}, BadValue,
         "are NaN or infinite"),
        (lambda e: dict.fromkeys(e.weights(), "high"), BadValue, "with a tensor, but got str"),
        (lambda e: 1 / 0, BadReference, "it raised ZeroDivisionError"),
    ],
)  # fmt: skip
def test_wrong_scores_are_refused_in_a_sentence(tiny_bench, function, error, sentence) -> None:
    made, name = scores(tiny_bench, function)
    with pytest.raises(error, match=sentence):
        made.by_parameter(name)


def test_a_function_that_writes_to_the_weights_is_refused(tiny_file, write) -> None:
    from prunescope.bench.workbench import prepare
    from prunescope.study import Reference

    bench = prepare(Reference(f"{tiny_file}:build", f"{tiny_file}:splits"))
    made, name = scores(bench, lambda e: {n: w.abs_() for n, w in e.weights().items()})
    with pytest.raises(BadValue, match="to leave the network as it is, but it wrote to conv"):
        made.by_parameter(name)


def test_a_live_criterion_is_swept_planned_and_verified(tmp_path: Path) -> None:
    def sums(evidence):
        return {name: weight.abs() for name, weight in evidence.weights().items()}

    study = ps.sweep(
        trained(), splits(), methods=["magnitude", sums, (sums, "channel")], sparsities=[0.5],
        folder=tmp_path / "s", progress=Silent(),
    )  # fmt: skip
    full = str(study.manifest.named(Method.parse("live:sums")))
    curves = study.curves.set_index(["method", "subject"])["drop"]
    for layer in ("conv1", "conv2", "fc"):
        assert curves[full, layer] == curves["magnitude", layer]
    assert (f"{full}@channel", "conv1") in curves.index
    plan = study.plan({"conv1": ("live:sums@channel", 0.5), "fc": ("live:sums", 0.5)})
    assert study.verify(plan, progress=Silent()).samples == 200
    assert study.solve(nonzero_macs=0.7, methods=["live:sums"]).plan.active()
    assert len(study.plot("fc", ["live:sums"]).data)


def test_the_command_line_takes_a_file_and_sees_when_it_changes(
    tiny, tmp_path: Path, write, run, monkeypatch
) -> None:
    file = write("mine.py", MINE)
    study = tmp_path / "study"
    sweep = ["sweep", tiny.model, "--data", tiny.data, "--study", str(study), "--sparsities", "0.5"]
    assert run(*sweep, "--methods", f"magnitude,{file}:score,{file}:last@channel").code == 0
    opened = ps.open(study)
    full = str(opened.manifest.named(Method.parse(f"{file}:score")))
    rows = opened.curves
    assert set(rows[rows["method"] == full]["subject"]) == {"conv", "mix", "head"}
    plan = opened.plan({"mix": (f"{file}:last@channel", 0.5), "head": (f"{file}:score", 0.5)})
    opened.save(plan, "mine")
    opened.save(opened.plan({"head": (f"{file}:score", 0.3)}), "unmeasured")
    assert "drop" in run("verify", study, "mine").out
    out = tmp_path / "out"
    assert "verified" in run("export", study, "mine", "-o", out, "--formats", "recipe").out
    asked = ("--target", "nonzero-macs=0.9", "--methods", f"{file}:score", "--json")
    planned = run("plan", study, *asked).json["plan"]["choices"]
    assert {f"{file}:score"} == {each["criterion"].partition("#")[0] for each in planned.values()}
    file.write_text(MINE.replace("** 3", "** 5"))
    monkeypatch.setattr(module, "_KNOWN", {})  # as in a fresh process
    assert "its file has changed since" in run.refused("verify", study, "unmeasured")
    assert run(*sweep, "--methods", f"{file}:score").code == 0
    again = ps.open(study).manifest
    assert _reasons(again, f"{file}:score#")[full] == "its source has changed since"
    assert str(again.named(Method.parse(f"{file}:score"))) != full


def _reasons(manifest: Manifest, prefix: str) -> dict[str, str | None]:
    return {m.name: m.reason for m in manifest.methods if m.name.startswith(prefix)}
