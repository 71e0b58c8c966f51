"""A recipe gives the identical model without its study, refuses other weights, and runs no code."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import prunescope as ps
from prunescope.bench.workbench import Workbench
from prunescope.errors import BadReference, DamagedFile, ForeignStudy, NotTrusted
from prunescope.export.apply_recipe import Applied
from prunescope.export.export_plan import export_plan
from prunescope.export.export_report import export_folder
from prunescope.export.recipe import read_recipe
from prunescope.export.tensors import saved_tensors
from prunescope.progress import Silent
from prunescope.recovery.training.finetune import FineTuning, finetune
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.exported import opened

DENSE = "dense.safetensors"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the dense model, and in ``sent`` the recipe and weights of a refitted plan."""
    place = tmp_path_factory.mktemp("apply")
    bench, study = opened(place, "normed", "images")
    export_plan(bench, study, halved(bench, "ls"), ("safetensors",), place / "sent")
    save_file(saved_tensors(bench.network.module), place / DENSE)
    shutil.rmtree(study.folder)
    return place


@pytest.fixture
def sent(exported: Path, tmp_path: Path) -> Path:
    """A copy of what was sent; the dense model stays where it is."""
    shutil.copy(exported / DENSE, tmp_path)
    shutil.copy(exported / "networks.py", tmp_path)
    return shutil.copytree(exported / "sent", tmp_path / "sent")


def applied(sent: Path, **options: object) -> Applied:
    out = sent.parent / "out"
    return ps.apply(
        sent / "recipe.json", out, formats=("safetensors",), progress=Silent(),
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


def test_every_tensor_is_the_same_and_so_is_the_recipe(sent: Path) -> None:
    made = applied(sent)
    out = sent.parent / "out"
    assert made.identical
    assert made.report.ok
    assert (out / "model.safetensors").read_bytes() == (sent / "model.safetensors").read_bytes()
    assert (out / "recipe.json").read_text() == (sent / "recipe.json").read_text()
    assert "bit for bit" in made.statement


def halved(bench: Workbench, recovery: str) -> Plan:
    group = next(group.name for group in bench.groups if group.reason is None)
    choices = {group: Choice("l1", 0.5, "channel"), "head": Choice("magnitude", 0.5)}
    return Plan(recovery, bench.manifest.fingerprint, choices, recovery=recovery)


def test_few_steps_of_training_are_the_same_again(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    export_plan(bench, study, halved(bench, "distil"), ("safetensors",), tmp_path / "sent")
    save_file(saved_tensors(bench.network.module), tmp_path / DENSE)
    torch.rand(3)  # another state of torch's own generator changes nothing
    made = applied(tmp_path / "sent")
    out = tmp_path / "out" / "model.safetensors"
    assert made.identical
    assert out.read_bytes() == (tmp_path / "sent" / "model.safetensors").read_bytes()


def test_a_refit_in_order_is_the_same_in_another_process(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    report = export_plan(bench, study, halved(bench, "refit"), ("recipe",), tmp_path / "sent")
    (entry,) = report.formats  # verified by a replay in a fresh process
    assert (entry.ok, entry.reason) == (True, None)


def test_other_weights_are_refused_or_scored_anew(sent: Path) -> None:
    dense = load_file(sent.parent / DENSE)
    newer = sent.parent / "newer.safetensors"
    save_file({name: tensor.flip(0).contiguous() for name, tensor in dense.items()}, newer)
    with pytest.raises(ForeignStudy, match=r"but got other weights with .* --new-weights"):
        applied(sent, weights=newer)
    made = applied(sent, weights=newer, new_weights=True)
    assert not made.identical
    assert "scored anew: 2 units removed" in made.statement
    assert "recovery ls done anew" in made.statement
    (before,), (after,) = (
        read_recipe(folder / "recipe.json").units for folder in (sent, sent.parent / "out")
    )
    assert sorted(3 - unit for unit in after.removed) == sorted(before.removed)  # flipped too
    again = applied(sent, weights=sent.parent / DENSE, new_weights=True)
    assert again.identical
    assert "changed nothing" in again.statement


def test_another_architecture_is_refused(sent: Path) -> None:
    networks = sent.parent / "networks.py"
    with pytest.raises(ForeignStudy, match="the graph of .* is another one"):
        applied(sent, model=f"{networks}:fickle", data=f"{networks}:vectors", new_weights=True)


def test_nothing_that_it_names_is_run(sent: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.py"
    trap.write_text("raise SystemExit('it ran')\n")
    recipe = json.loads((sent / "recipe.json").read_text())
    for kind in ("model", "data", "metric"):
        other = dict(recipe, reference=recipe["reference"] | {kind: f"{trap}:make"})
        (sent / "recipe.json").write_text(json.dumps(other))
        with pytest.raises(NotTrusted, match=f"as its {kind}; none of it was run.*--{kind}"):
            applied(sent)
    choices = {"head": {"criterion": f"{trap}:make#abc", "sparsity": 0.5}}
    other = dict(recipe, plan=recipe["plan"] | {"choices": choices})
    (sent / "recipe.json").write_text(json.dumps(other))
    with pytest.raises(NotTrusted, match=r"trap\.py"):
        applied(sent)


def test_what_lies_elsewhere_has_to_be_named(sent: Path) -> None:
    recipe = json.loads((sent / "recipe.json").read_text())
    for change, wanted in (
        ({"model": "study:Net.pt2"}, "--model MODEL"),
        ({"weights": "/home/somebody/w.safetensors"}, "--weights WEIGHTS"),
    ):
        other = dict(recipe, reference=recipe["reference"] | change)
        (sent / "recipe.json").write_text(json.dumps(other))
        with pytest.raises(BadReference, match=wanted):
            applied(sent)
    (sent / "recipe.json").write_text(json.dumps(dict(recipe, schema=2)))
    with pytest.raises(DamagedFile, match="of schema 1, but it is of schema 2"):
        applied(sent)
    (sent / "recipe.json").unlink()
    with pytest.raises(BadReference, match="Expected a recipe in"):
        applied(sent)


def test_fine_tuned_weights_come_with_their_provenance(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    plan = Plan("tuned", bench.manifest.fingerprint, {"head": Choice("magnitude", 0.5)})
    settings = FineTuning(epochs=1, rate=1e-3, batch=16)
    result = finetune(bench, study, plan, settings, Silent())
    export_plan(bench, study, plan, ("recipe",), recovered=True)
    sent = export_folder(study.folder, plan.digest, recovered=True).rename(tmp_path / "sent")
    made = applied(sent)
    out = read_recipe(tmp_path / "out" / "recipe.json")
    assert made.identical
    assert out.training == result.settings
    assert torch.equal(
        load_file(sent / "model.safetensors")["head.weight"],
        load_file(tmp_path / "out" / "model.safetensors")["head.weight"],
    )
    (sent / "model.safetensors").unlink()
    with pytest.raises(BadReference, match="training is not repeated"):
        applied(sent)
