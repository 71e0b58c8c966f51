"""What the screen promises about a pruned model: outputs, scores, zeros and bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.capture.graph import Captured, Inputs, take
from prunescope.capture.network import forward
from prunescope.export.tensors import (
    saved_tensors,
    tensor_bytes,
    unsaved_tensors,
    weights_sha256,
    zero_patterns,
)
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

SAMPLES: Final = 256
"""Validation samples whose outputs are compared number by number."""


@dataclass(frozen=True)
class Resized:
    """What the model gives at other sizes than the studied ones, where they are free.

    Attributes:
        inputs: A few validation samples, cut off or repeated to the other sizes.
        outputs: Of the smaller model, captured at those sizes on its own.
        words: Which sizes are free, which were studied and which these are.
    """

    inputs: Inputs
    outputs: Any
    words: str


@dataclass(frozen=True)
class Promise:
    """A pruned model in memory, as measured, which every reloaded file has to equal.

    Attributes:
        inputs: Up to 256 validation samples.
        outputs: Of the model in memory for ``inputs``.
        single: Of the model in memory for the first sample alone.
        validation: The whole validation split.
        metric: The study's score.
        batch: Samples per forward pass over ``validation``.
        outcome: Of the model in memory on ``validation``.
        zeros: Where the plan removes weights: bool by parameter name, True = removed.
        patterns: Where every weight of two or more dimensions is zero.
        sha256: Of the saved tensors.
        bytes: Of the saved tensors, dense.
        unsaved: Bytes of what the graph reads besides them: unsaved buffers, and constants.
        nodes: Operators of the graph, 0 without one.
        threads: That computed all this.
        study: The study's folder, which may keep the dense model and the data.
        most_lost: Of the mean score, that a file in coarser numbers may lose.
        words: Of the study's scores.
        resized: At another size, or None where all sizes but the batch are fixed.
    """

    inputs: Inputs
    outputs: Any
    single: Any
    validation: Samples
    metric: Metric
    batch: int
    outcome: Outcome
    zeros: Mapping[str, np.ndarray]
    patterns: Mapping[str, np.ndarray]
    sha256: str
    bytes: int
    unsaved: int
    nodes: int
    threads: int
    study: Path | None = None
    most_lost: float = 0.0
    words: ScoreWords = PERCENT_WORDS
    resized: Resized | None = None

    @property
    def first(self) -> Inputs:
        """The first sample alone, as a batch of one."""
        return take(self.inputs, slice(0, 1))


def promise(
    module: nn.Module,
    captured: Captured | None,
    zeros: Mapping[str, Tensor],
    validation: Samples,
    metric: Metric,
    batch: int,
    study: Path | None = None,
    most_lost: float = 0.0,
    words: ScoreWords = PERCENT_WORDS,
) -> Promise:
    """Return what ``module``, with the weights that it has now, promises.

    Args:
        module: The pruned model.
        captured: Its graph, or None.
        zeros: What was set to zero, by parameter name, True = zero.
        validation: Samples and targets of the validation split.
        metric: The study's score.
        batch: Samples per forward pass.
        study: The study's folder.
        most_lost: Of the mean score, that a file in coarser numbers may lose.
        words: Of the study's scores.
    """
    inputs = validation.chunk(0, min(SAMPLES, batch)).inputs
    outputs = outputs_of(module, inputs)
    single = outputs_of(module, take(inputs, slice(0, 1)))
    tensors = saved_tensors(module)
    return Promise(
        inputs=inputs,
        outputs=outputs,
        single=single,
        validation=validation,
        metric=metric,
        batch=batch,
        outcome=evaluate(module, validation, metric, batch),
        zeros={name: on_host(removed).numpy() for name, removed in zeros.items()},
        patterns=zero_patterns(tensors),
        sha256=weights_sha256(tensors),
        bytes=tensor_bytes(tensors),
        unsaved=tensor_bytes(unsaved_tensors(captured.module)) if captured else 0,
        nodes=len(captured.module.graph.nodes) if captured else 0,
        threads=torch.get_num_threads(),
        study=study,
        most_lost=most_lost,
        words=words,
    )


def outputs_of(module: nn.Module, inputs: Inputs) -> Any:
    """Return what ``module`` gives for the batch ``inputs``, in tensors of their own."""
    with torch.inference_mode():
        outputs = forward(module, inputs)
    return pytree.tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, outputs)
