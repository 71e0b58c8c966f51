"""Mixtures of experts as transformers run them: captured, pruned, counted, written to files."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor
from transformers import MixtralConfig, MixtralForCausalLM, Qwen2MoeConfig, Qwen2MoeForCausalLM

from prunescope.capture.cost import cost
from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import Captured, capture
from prunescope.coupling import Group
from prunescope.errors import CannotPrune
from prunescope.export.formats import pt2
from prunescope.export.write_onnx import write_onnx
from prunescope.removal import check_law, random_half, remove, try_groups
from tests.zoo import build

WORDS = torch.randint(0, 40, (3, 6), generator=torch.Generator().manual_seed(0))
SIZES = {
    "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 4,
    "num_key_value_heads": 4, "max_position_embeddings": 32, "use_cache": False,
    "eos_token_id": None,
}  # fmt: skip
MIXTRAL = MixtralConfig(num_local_experts=4, num_experts_per_tok=2, intermediate_size=24, **SIZES)
QWEN = Qwen2MoeConfig(
    moe_intermediate_size=12, shared_expert_intermediate_size=20, num_experts=6,
    num_experts_per_tok=2, decoder_sparse_step=1, **SIZES,
)  # fmt: skip


def made(kind: str, dtype: torch.dtype) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MixtralForCausalLM(MIXTRAL) if kind == "mixtral" else Qwen2MoeForCausalLM(QWEN)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.to(dtype).eval()


def captured_of(kind: str, dtype: torch.dtype = torch.float64) -> Captured:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return capture(fresh_copy(made(kind, dtype)), WORDS)


def logits(outputs: object) -> Tensor:
    leaves = torch.utils._pytree.tree_leaves(outputs)
    assert isinstance(leaves[0], Tensor)
    return leaves[0]


def experts(groups: tuple[Group, ...]) -> Group:
    return next(group for group in groups if group.name.endswith("mlp.gate"))


@pytest.mark.parametrize("kind", ["mixtral", "qwen"])
def test_experts_their_features_and_the_residual_stream_leave(kind: str) -> None:
    captured = captured_of(kind)
    groups = try_groups(captured).groups
    units = {group.name.rpartition("layers.0.")[2]: group.units for group in groups}
    assert units["model.embed_tokens"] == 16
    assert units["mlp.gate"] == (4 if kind == "mixtral" else 6)
    assert units["mlp.experts.gate_up_proj"] == (24 if kind == "mixtral" else 12)
    owned = {(member.parameter.rpartition("mlp.")[2], member.dimension): member.role
             for member in experts(groups).members}  # fmt: skip
    assert owned == {
        ("gate.weight", 0): "producer",
        ("experts.gate_up_proj", 0): "follower",
        ("experts.down_proj", 0): "consumer",
    }
    for group in groups:
        report = check_law(captured, group)
        assert report.ok, (group.name, report)
        assert report.effect > 1e-6, (group.name, report)
    everything = {group.name: random_half(group) for group in groups}
    assert check_law(captured, everything).ok
    assert not cost(captured).uncounted


def test_the_operators_work_is_counted() -> None:
    captured = captured_of("mixtral")
    macs = cost(captured).macs_by_node
    grouped = [count for name, count in macs.items() if "grouped" in name]
    assert grouped == [6 * 2 * 16 * 48, 6 * 2 * 24 * 16]  # words, experts of each, sizes


def test_fewer_experts_than_a_token_needs_are_refused() -> None:
    captured = captured_of("mixtral")
    group = experts(try_groups(captured).groups)
    with pytest.raises(CannotPrune, match="at least 2 experts to stay"):
        remove(captured, {group.name: np.arange(4) < 1})


def test_the_graph_equals_the_model_and_trains() -> None:
    captured, model = captured_of("qwen", torch.float32), made("qwen", torch.float32)
    with torch.no_grad():
        expected = logits(model(WORDS))
        torch.testing.assert_close(logits(captured.module(WORDS)), expected, rtol=1e-4, atol=1e-4)
    logits(captured.module(WORDS)).square().mean().backward()
    logits(model(WORDS)).square().mean().backward()
    weights = dict(model.named_parameters())
    for name, parameter in captured.module.named_parameters():
        if "experts" in name:
            assert parameter.grad is not None
            torch.testing.assert_close(parameter.grad, weights[name].grad, rtol=1e-3, atol=1e-5)


def test_files_hold_no_operator_of_ours(tmp_path: Path) -> None:
    captured = captured_of("mixtral", torch.float32)
    groups = try_groups(captured).groups
    smaller = remove(captured, {group.name: random_half(group) for group in groups})
    with torch.no_grad():
        expected = logits(smaller.module(WORDS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = pt2.exported(smaller)
        assert "prunescope" not in str(program.graph)
        pt2.write(program, tmp_path / "m.pt2")
        write_onnx(program, tmp_path / "m.onnx")
    torch.testing.assert_close(logits(pt2.load(tmp_path / "m.pt2")(WORDS[:1])), expected[:1])
    session = InferenceSession(tmp_path / "m.onnx")
    (outputs, *_) = session.run(None, {session.get_inputs()[0].name: WORDS[:2].numpy()})
    torch.testing.assert_close(torch.from_numpy(outputs), expected[:2], rtol=1e-4, atol=1e-4)


def test_numbers_of_experts_in_no_known_use_keep_them() -> None:
    network = build("experts_counted")
    captured = capture(network, network.example())
    (refusal,) = [r for r in try_groups(captured).refused if r.layers == ("router",)]
    assert refusal.reason == "add computes with the numbers of picked units"
    assert "experts.py:" in refusal.place
