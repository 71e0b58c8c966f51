"""A workbench from references or live objects, and a study that keeps what it needs of them."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from prunescope.bench.device import HOST
from prunescope.bench.fingerprint import network_parts
from prunescope.bench.keep_data import KEEP_LIVE, keep_asked, keep_samples
from prunescope.bench.keep_network import NETWORK, as_kept, keep_network
from prunescope.bench.studied_part import MetricLike, network_or_part, scored
from prunescope.bench.workbench import Workbench, assemble, example_of, prepare
from prunescope.capture.network import Network, build_network
from prunescope.errors import BadReference, BadValue, DamagedFile, UnsafeFile
from prunescope.model_kinds.sample_studies import sample_data, usual_metric
from prunescope.soundness.check_bench import checked, keep_checks
from prunescope.sources.data import Splits, load_data
from prunescope.sources.kept_splits import splits_bytes
from prunescope.sources.live_data import live_splits
from prunescope.sources.live_model import copied_model, model_name
from prunescope.sources.losses import load_loss
from prunescope.sources.metrics import Metric
from prunescope.sources.models import load_model
from prunescope.sources.pt2 import load_program
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Reference
from prunescope.study.manifest import KEPT, LIVE, OwnFile
from prunescope.text.units import bytes_

Arrays = Tensor | np.ndarray | Mapping[str, Any] | tuple[Any, ...] | list[Any]
"""Inputs, or a pair of inputs and targets."""

Data = Arrays | Dataset[Any] | DataLoader[Any]
"""Samples: see ``prunescope.sources.live_data.live_splits``."""


def open_bench(
    model: str | nn.Module,
    data: str | Data | None,
    metric: MetricLike | None,
    folder: Path,
    weights: str | None,
    random: bool,
    keep_data: int | None,
    accept: Sequence[str] = (),
    loss: str = "",
    outputs: tuple[str, ...] = (),
    heads: str = "",
    device: torch.device = HOST,
) -> tuple[Workbench, StudyFolder]:
    """Return the workbench of model and data, and the study in ``folder`` that is about them.

    The study keeps the captured network, and of live objects the data. What it cannot keep is
    said in a warning.

    Args:
        model: A reference or a module.
        data: A reference or live data; None for the data of a ``sample:`` model.
        metric: A name, a reference or a function; None for the usual one.
        folder: Of the study.
        weights: Of a model by reference.
        random: Whether a model by name keeps random weights.
        keep_data: Bytes of data to keep at most; None for 512 MB of live data and no others.
        accept: Failed checks with which a study is made nevertheless.
        loss: A name or reference; empty for the usual one of the targets.
        outputs: Names of outputs that have to stay; none for all.
        heads: The units of grouped queries.
        device: That computes.

    Raises:
        Unsound: A check of model and data failed.
        ForeignStudy: The study in ``folder`` is about something else.
        PrunescopeError: Whatever is wrong with model, data or metric.
    """
    if data is None:
        data = _data_of(model)
    metric = usual_metric(model, data) if metric is None else metric
    if isinstance(model, str) and isinstance(data, str) and isinstance(metric, str):
        reference = Reference(model, data, metric, weights, random, loss, outputs, heads=heads)
        vouch(reference)  # written down by whoever runs this Python
        bench = checked(prepare(reference, folder, str(device)), reference.metric, folder, accept)
        study = keep_checks(StudyFolder.create(folder, bench.manifest), bench)
        study = keep_network(study, bench)
        study = keep_asked(study, bench, keep_data)
        return as_kept(bench, study), study
    known = StudyFolder.open(folder) if (folder / MANIFEST).is_file() else None
    reference = Reference(
        model if isinstance(model, str) else f"{LIVE}{model_name(model)}",
        data if isinstance(data, str) else f"{LIVE}data",
        metric if isinstance(metric, str) else "",
        weights if isinstance(model, str) else None,
        random,
        loss,
        outputs,
        heads=heads,
    )
    named = reference.data_within(folder)
    splits = load_data(named) if isinstance(data, str) else live_splits(data)
    module = load_model(reference.within(folder)) if isinstance(model, str) else copied_model(model)
    network, cut = network_or_part(module, example_of(splits.calibration), outputs)
    network = network if known is None else _as_known(network, known, splits)
    reference, splits, measure = scored(
        reference, network, cut, module, splits, None if isinstance(metric, str) else metric
    )
    bench = assemble(
        reference, network, splits, measure, load_loss(loss, measure.has_classes), device
    )
    bench = checked(bench, reference.metric or measure.name, folder, accept)
    study = keep_checks(StudyFolder.create(folder, bench.manifest), bench)
    study = keep_network(
        study, bench, NETWORK if isinstance(model, str) else f"{model_name(model)}.pt2"
    )
    kept = cut is not None or not isinstance(data, str)
    most = KEEP_LIVE if keep_data is None and kept else keep_data
    if most is not None:
        study = keep_samples(study, most, splits)
    study = _completed(study, bench.manifest.reference)
    _warn(study, measure, network, splits)
    return as_kept(bench, study), study


def _data_of(model: str | nn.Module) -> str:
    if (own := sample_data(model)) is not None:
        return own
    raise BadValue(
        "Expected data to evaluate on, but got none. Give (inputs, targets), a Dataset, a "
        "DataLoader, a dict of splits, or a reference such as 'imagefolder:DIR'."
    )


def _as_known(network: Network, known: StudyFolder, splits: Splits) -> Network:
    """The network to go on with in ``known``: its own program where it was made from one.

    Studies of earlier versions are about the program that they keep, whose operators may have
    other names than the module's.
    """
    reference, parts = known.manifest.reference, known.manifest.parts
    own = network_parts(network)
    if reference.own_network is not None or not reference.model.startswith(KEPT):
        return network
    if own.items() <= parts.items() or own["weights"] != parts.get("weights"):
        return network
    try:
        program = load_program(Path(reference.within(known.folder).model))
        again = build_network(program, example_of(splits.calibration))
    except (BadReference, DamagedFile, UnsafeFile):
        return network
    return again if network_parts(again).items() <= parts.items() else network


def _completed(study: StudyFolder, reference: Reference) -> StudyFolder:
    """``study`` with references to what is kept only now in place of live names."""
    own = study.manifest.reference
    better = replace(
        own,
        model=_named(own.model, reference.model, own.own_network),
        data=_named(own.data, reference.data, own.own_data),
        metric=reference.metric if own.metric.startswith(LIVE) else own.metric,
    )
    return study if better == own else study.update(replace(study.manifest, reference=better))


def _named(own: str, given: str, kept: OwnFile | None) -> str:
    """What the study says of a live object: the file that it keeps, or what was given later."""
    if not own.startswith(LIVE):
        return own
    return given if kept is None else f"{KEPT}{kept.name}"


def _warn(study: StudyFolder, metric: Metric, network: Network, splits: Splits) -> None:
    """Say in a sentence each what commands and pages will not be able to do."""
    reference = study.manifest.reference
    said = []
    if reference.model.startswith(LIVE):
        said.append(
            f"The model is not kept: {network.problem or 'it cannot be saved as a program.'}"
        )
    if reference.data.startswith(LIVE):
        said.append(
            f"The data is not kept: it has {bytes_(splits_bytes(splits))}, more than keep_data."
        )
    if metric.name.startswith(LIVE):
        said.append(
            "The metric is not kept: its function stands in no file. Give it as file.py:function."
        )
    if said:
        warnings.warn(
            f"{' '.join(said)} The study can be planned with anywhere, but only this Python "
            "session can measure, fine-tune or export with it.",
            stacklevel=4,
        )
