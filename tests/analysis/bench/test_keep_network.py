"""A study keeps its network: the same one, and every job goes on without the model's code."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils import _pytree as pytree

import prunescope as ps
from prunescope.bench.fingerprint import network_parts
from prunescope.bench.keep_network import write_network
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.graph import captured_program
from prunescope.capture.network import Network, build_network, network_of
from prunescope.capture.tied_weights import ties
from prunescope.coupling import find_groups
from prunescope.errors import BadReference, DamagedFile, NotTrusted
from prunescope.progress import Silent
from prunescope.sources.program_file import write_program
from prunescope.sources.pt2 import read_program
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import code_of, require_vouched
from prunescope.study import Reference
from tests.analysis.capture.test_sturdy import LargeBatches
from tests.long import core
from tests.zoo import build

QUICK = {"methods": ["magnitude", "l1@channel"], "sparsities": [0.5], "progress": Silent()}

ZOO = (
    "tied_embedding", "shared_conv_weight", "tiny_llama", "weight_norm_chain", "split_uneven",
    "pooled_grid", "assigned_slice", "torch_attention", "auxiliary", "patch_merging",
)  # fmt: skip


def read_again(network: Network, path: Path) -> Network:
    """What a later job makes of the file that a study keeps."""
    assert network.captured is not None
    assert write_network(network, path) is None
    return network_of(captured_program(read_program(path), network.captured.example))


def coupled(network: Network) -> list[object]:
    """Groups with every index of every member, and refusals with their places."""
    coupling = find_groups(network.captured)
    groups = [
        (group.name, group.granularity, group.units, group.reason,
         [(m.parameter, m.dimension, m.role, [i.tolist() for i in m.indices])
          for m in group.members])
        for group in coupling.groups
    ]  # fmt: skip
    return [*groups, *coupling.refused]


def require_same(first: Network, second: Network) -> None:
    """Names, bits of tensors and outputs, operators, shared weights and groups."""
    assert first.captured is not None
    assert second.captured is not None
    assert network_parts(first) == network_parts(second)
    assert first.module.code == second.module.code
    assert list(first.module.state_dict()) == list(second.module.state_dict())
    assert ties(first.module) == ties(second.module)
    assert first.captured.largest == second.captured.largest
    assert [layer.summary for layer in first.layers] == [layer.summary for layer in second.layers]
    assert coupled(first) == coupled(second)
    with torch.no_grad():
        outputs = [pytree.tree_leaves(each(first.captured.example)) for each in (first, second)]
    for one, other in zip(*outputs, strict=True):
        assert not isinstance(one, torch.Tensor) or torch.equal(one, other)


@pytest.mark.parametrize("name", ZOO)
def test_the_network_that_is_kept_is_the_same(name: str, tmp_path: Path) -> None:
    net = build(name)
    network = build_network(net, net.example())
    require_same(network, read_again(network, tmp_path / "network.pt2"))


def test_so_is_one_that_takes_few_samples_at_once(tmp_path: Path) -> None:
    network = build_network(LargeBatches().eval(), torch.randn(2, 5))
    assert network.captured is not None
    assert network.captured.largest == 63
    require_same(network, read_again(network, tmp_path / "network.pt2"))


@pytest.mark.parametrize(
    "name", core(["mlp", "lenet5", "resnet20", "mobilenet", "vit"], {"lenet5", "resnet20"})
)
def test_so_is_every_sample_s(name: str, tmp_path: Path, sample_bench) -> None:
    network = sample_bench(name).network
    require_same(network, read_again(network, tmp_path / "network.pt2"))


def test_the_file_holds_no_sample_no_folder_and_no_source(
    tiny_bench: Workbench, tmp_path: Path
) -> None:
    captured = tiny_bench.network.captured
    assert captured is not None
    write_program(captured.program, tmp_path / "network.pt2")
    assert read_program(tmp_path / "network.pt2").example_inputs is None
    content = (tmp_path / "network.pt2").read_bytes()
    place = str(Path(tiny_bench.manifest.reference.model.partition(":")[0]).parent)
    for secret in (place, "self.mix(x)", str(Path.home())):
        assert secret.encode() not in content


@pytest.fixture
def gone(tiny_file: Path, tmp_path: Path) -> Path:
    """A study of a file that is no longer there; its data are arrays in a file."""
    made: dict[str, np.ndarray] = {}
    generator = torch.Generator().manual_seed(7)
    for split, count in (("calibration", 48), ("validation", 60), ("test", 30)):
        targets = torch.arange(count) % 3
        inputs = torch.randn(count, 1, 6, 6, generator=generator)
        inputs[:, 0, 0, 0] += targets
        made |= {f"{split}_inputs": inputs.numpy(), f"{split}_targets": targets.numpy()}
    np.savez(tmp_path / "data.npz", **made)
    ps.sweep(f"{tiny_file}:build", str(tmp_path / "data.npz"), folder=tmp_path / "s", **QUICK)
    tiny_file.unlink()
    return tmp_path / "s"


def test_every_job_goes_on_without_the_file_of_the_model(gone: Path, tmp_path: Path) -> None:
    study = ps.open(gone)
    study.save(study.plan({"conv": ("l1@channel", 0.5)}), "half")
    assert study.verify("half", progress=Silent()).samples == 60
    study.finetune("half", epochs=1, progress=Silent())
    assert study.time("half", seconds=1.0, runtimes=("torch",), progress=Silent()).lines()
    for recovered, formats in ((False, ("pt2", "recipe")), (True, ("safetensors",))):
        folder = tmp_path / f"out {recovered}"
        report = study.export("half", folder, formats, recovered, progress=Silent())
        assert report.ok, [each.reason for each in report.formats]
    assert len(study.sweep(methods=["l2@channel"], sparsities=[0.5], progress=Silent()).curves) > 5


def test_so_it_does_in_a_process_where_the_model_cannot_be_imported(
    gone: Path, tmp_path: Path, warm_python: Path
) -> None:
    study = ps.open(gone)
    study.save(study.plan({"mix": ("magnitude", 0.5)}), "p")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = ps.pack(gone).path
    file.rename(elsewhere / "s.zip")
    shutil.move(tmp_path / "data.npz", elsewhere / "images.npz")
    shutil.rmtree(gone)
    environment = os.environ | {"XDG_STATE_HOME": str(elsewhere / "state")}
    for line in (
        "unpack s.zip", "sweep --study s --data images.npz --sparsities 0.5 --layers head",
        "export s p -o out --formats safetensors",
    ):  # fmt: skip
        done = subprocess.run(
            [warm_python, "-m", "prunescope.cli", *line.split()],
            cwd=elsewhere, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
    assert (elsewhere / "out/model.safetensors").is_file()


def test_one_that_is_missing_or_another_is_refused(gone: Path) -> None:
    (gone / "network.pt2").rename(gone / "aside.pt2")
    with pytest.raises(BadReference, match="which this study keeps, but there is no such file"):
        ps.open(gone)._bench()
    (gone / "network.pt2").write_bytes((gone / "aside.pt2").read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedFile, match="its content is another"):
        ps.open(gone)._bench()


def test_data_that_are_gone_are_asked_for_with_the_next_step(gone: Path, tmp_path: Path) -> None:
    (tmp_path / "data.npz").unlink()
    with pytest.raises(BadReference, match=r"name them: prunescope sweep --data DATA --study"):
        ps.open(gone)._bench()


def test_data_are_kept_up_to_a_size_and_asked_for_no_more(
    tiny: Reference, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ps.sweep(tiny.model, tiny.data, folder=tmp_path / "s", keep_data="1kB", **QUICK)
    assert "The study does not keep its data: they take" in caplog.text
    ps.sweep(tiny.model, tiny.data, folder=tmp_path / "s", keep_data="1MB", **QUICK)
    Path(tiny.model.partition(":")[0]).unlink()
    study = StudyFolder.open(tmp_path / "s")
    assert code_of(study.manifest.reference.within(study.folder)) == ()
    assert prepare(study.manifest.reference, study.folder).manifest.parts == study.manifest.parts


def test_only_what_runs_needs_a_word(gone: Path, tiny_file: Path) -> None:
    reference = StudyFolder.open(gone).manifest.reference
    assert code_of(reference) == (f"{tiny_file}:build",)
    assert code_of(reference.within(gone)) == ()
    stranger = Reference(
        "elsewhere.py:build", "d.npz", "mine.py:score", own_network=reference.own_network
    )
    with pytest.raises(NotTrusted, match="mine.py:score"):
        require_vouched(stranger, gone)
    with pytest.raises(NotTrusted, match="elsewhere.py:build"):
        require_vouched(stranger)  # without the study, its own reference runs


@pytest.mark.parametrize("name", ["evil.py:build", "../network.pt2", "/etc/x.pt2", "", ".pt2"])
def test_names_that_lead_to_code_or_out_are_refused(name: str) -> None:
    from prunescope.study.manifest import OwnFile

    with pytest.raises(DamagedFile, match="Expected a study to keep files such as network.pt2"):
        OwnFile(name, 1, "")
    if name not in ("../network.pt2", "/etc/x.pt2"):  # a reference is cut to its last part
        with pytest.raises(DamagedFile, match="Expected a study to keep files"):
            Reference(f"study:{name}", "d.npz")


def test_a_study_of_before_goes_on_by_its_reference_and_keeps_its_network_then(
    tiny: Reference, tmp_path: Path
) -> None:
    ps.sweep(tiny.model, tiny.data, folder=tmp_path / "s", **QUICK)
    study = StudyFolder.open(tmp_path / "s")
    before = replace(study.manifest, reference=replace(study.manifest.reference, own_network=None))
    study.update(before)
    (tmp_path / "s/network.pt2").unlink()
    assert ps.open(tmp_path / "s")._bench().manifest.parts == before.parts
    ps.sweep(tiny.model, tiny.data, folder=tmp_path / "s", **QUICK)
    again = StudyFolder.open(tmp_path / "s").manifest
    assert (tmp_path / "s/network.pt2").is_file()
    assert again == study.manifest


def test_a_network_that_no_file_can_hold_is_not_kept_and_says_why(
    tiny_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = tiny_file.read_text().replace(
        "return self.head(self.mix(x).relu().flatten(1))",
        "return Answer(self.head(self.mix(x).relu().flatten(1)))",
    )
    answer = "from typing import NamedTuple\nclass Answer(NamedTuple):\n    logits: torch.Tensor\n"
    tiny_file.write_text(text.replace("class Tiny", f"{answer}\n\nclass Tiny"))
    model, data = f"{tiny_file}:build", f"{tiny_file}:splits"
    study = ps.sweep(model, data, folder=tmp_path / "s", **QUICK)
    assert "The study does not keep its network, because" in study.manifest.not_kept
    assert study.manifest.not_kept in caplog.text
    assert not (tmp_path / "s/network.pt2").exists()
    assert ps.open(tmp_path / "s")._bench().manifest.parts == study.manifest.parts
