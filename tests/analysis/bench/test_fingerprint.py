"""Fingerprints stay what they were: studies of before are still the same studies."""

import hashlib
from pathlib import Path

import torch
from torch import nn

from prunescope.bench.fingerprint import fingerprint, network_parts
from prunescope.bench.workbench import prepare
from prunescope.capture.network import build_network
from prunescope.study import Reference


class Constant(nn.Module):
    """Ones, a buffer that is not saved, and a plain tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        nn.init.ones_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)
        self.register_buffer("scale", torch.ones(2), persistent=False)
        self.plain = torch.ones(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x) * self.scale + self.plain


def test_a_networks_weights_hash_as_before() -> None:
    """Computed at a6a0c91, before the function had a file of its own."""
    network = build_network(Constant(), torch.ones(2, 2))
    parts = network_parts(network)
    assert parts["weights"] == "417cffb90ae73ada"
    assert network.captured is not None
    code = network.captured.module.code  # torch writes it, and another version may write another
    assert parts["graph"] == hashlib.sha256(code.encode()).hexdigest()[:16]


def test_parts_join_as_before() -> None:
    """Of ``sample:mlp`` on Fashion-MNIST at a6a0c91."""
    parts = {
        "weights": "7602ec73adfb7335", "graph": "357e80465fde3d9a",
        "data": "471b64cb1af077a9", "metric": "top-1",
    }  # fmt: skip
    assert fingerprint(parts) == "6042abf97401ca0c"
    assert fingerprint(dict(reversed(parts.items()))) == "6042abf97401ca0c"
    assert fingerprint(parts | {"data": "0"}) != "6042abf97401ca0c"


def test_a_sample_study_hashes_as_before(tmp_path: Path) -> None:
    manifest = prepare(Reference("sample:mlp", "sample:fashion-mnist")).manifest
    assert manifest.parts["weights"] == "7602ec73adfb7335"
    assert manifest.parts["data"] == "471b64cb1af077a9"
    assert manifest.fingerprint == fingerprint(manifest.parts)
