"""What each model's process would import and prepare again: done once, before it is forked.

Tracing loads much of torch and of SymPy, which takes longer than many models do. No thread is left
behind, so that processes can be forked from this one.
"""

import contextlib
import io
import warnings

import torch
from torch import nn
from transformers import BertModel, LlamaModel, ViTModel

USED = (BertModel, LlamaModel, ViTModel)
"""Transformers imports a model's file, and what that imports, when its class is asked for."""

with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), torch.no_grad():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    _batch = torch.export.Dim("batch", min=1)
    torch.export.export(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval(),
        (torch.zeros(2, 3, 8, 8),), dynamic_shapes=({0: _batch},), strict=False,
    ).module(check_guards=False)  # fmt: skip
