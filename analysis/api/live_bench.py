"""A workbench from references or live objects, and a study that keeps what it needs of them."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from prunescope.bench.fingerprint import network_parts
from prunescope.bench.workbench import Workbench, assemble, example_of, prepare
from prunescope.capture.network import Network, build_network
from prunescope.errors import BadValue, CannotCapture, DamagedFile, UnsafeFile
from prunescope.export.formats import pt2
from prunescope.soundness.check_bench import checked, keep_checks
from prunescope.sources.data import Splits, load_data
from prunescope.sources.kept_splits import splits_bytes, write_splits
from prunescope.sources.live_data import live_splits
from prunescope.sources.live_model import copied_model, model_name
from prunescope.sources.metrics import Metric, live_metric, load_metric
from prunescope.sources.models import load_model
from prunescope.sources.pt2 import load_program
from prunescope.store.files import storage
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Reference
from prunescope.study.manifest import KEPT, LIVE
from prunescope.text.units import bytes_

Arrays = Tensor | np.ndarray | Mapping[str, Any] | tuple[Any, ...] | list[Any]
"""Inputs, or a pair of inputs and targets."""

Data = Arrays | Dataset[Any] | DataLoader[Any]
"""Samples: see ``prunescope.sources.live_data.live_splits``."""

MetricLike = str | Callable[[Any, Any], Tensor]
"""A metric's name or reference, or a function ``(outputs, targets)`` → one score per sample."""

_DATA_FILE: Final = "data.safetensors"


def open_bench(
    model: str | nn.Module,
    data: str | Data | None,
    metric: MetricLike,
    folder: Path,
    weights: str | None,
    random: bool,
    keep_data: int,
    accept: Sequence[str] = (),
    outputs: tuple[str, ...] = (),
) -> tuple[Workbench, StudyFolder]:
    """Return the workbench of model and data, and the study in ``folder`` that is about them.

    Of live objects the study keeps the captured network and the data, under references into its
    own folder. What it cannot keep is said in a warning.

    Args:
        model: A reference or a module.
        data: A reference or live data; None for the data of a ``sample:`` model.
        metric: A name, a reference or a function.
        folder: Of the study.
        weights: Of a model by reference.
        random: Whether a torchvision model keeps random weights.
        keep_data: Bytes of live data to keep at most.
        accept: Failed checks with which a study is made nevertheless.
        outputs: Names of outputs that have to stay; none for all.

    Raises:
        Unsound: A check of model and data failed.
        ForeignStudy: The study in ``folder`` is about something else.
        PrunescopeError: Whatever is wrong with model, data or metric.
    """
    if data is None:
        data = _data_of(model)
    if isinstance(model, str) and isinstance(data, str) and isinstance(metric, str):
        reference = Reference(model, data, metric, weights, random, outputs)
        vouch(reference)  # written down by whoever runs this Python
        bench = checked(prepare(reference, folder), metric, folder, accept)
        return bench, keep_checks(StudyFolder.create(folder, bench.manifest), bench)
    known = StudyFolder.open(folder) if (folder / MANIFEST).is_file() else None
    reference = Reference(
        model if isinstance(model, str) else f"{LIVE}{model_name(model)}",
        data if isinstance(data, str) else f"{LIVE}data",
        metric if isinstance(metric, str) else "",
        weights if isinstance(model, str) else None,
        random,
        outputs,
    )
    splits = load_data(reference.within(folder)) if isinstance(data, str) else live_splits(data)
    module = load_model(reference.within(folder)) if isinstance(model, str) else copied_model(model)
    network = build_network(module, example_of(splits.calibration), outputs)
    labelled = splits.validation.targets is not None
    scored = (
        load_metric(metric, labelled) if isinstance(metric, str) else live_metric(metric, labelled)
    )
    with tempfile.TemporaryDirectory(prefix="prunescope-") as aside:
        program = None
        if not isinstance(model, str):
            network, program = _program(network, splits, known, Path(aside) / "model.pt2")
            if program is not None:
                reference = replace(reference, model=f"{KEPT}{model_name(model)}.pt2")
        if not isinstance(data, str) and splits_bytes(splits) <= keep_data:
            reference = replace(reference, data=f"{KEPT}{_DATA_FILE}")
        bench = assemble(reference, network, splits, scored)
        bench = checked(bench, metric if isinstance(metric, str) else scored.name, folder, accept)
        study = keep_checks(StudyFolder.create(folder, bench.manifest), bench)
        study = _completed(study, bench.manifest.reference)
        _keep(study, program, splits)
    _warn(study, scored, network, splits)
    manifest = replace(bench.manifest, reference=study.manifest.reference)  # recipes name it
    return replace(bench, manifest=manifest), study


def _data_of(model: str | nn.Module) -> str:
    if isinstance(model, str) and model.startswith("sample:"):
        return "sample:fashion-mnist"
    raise BadValue(
        "Expected data to evaluate on, but got none. Give (inputs, targets), a Dataset, a "
        "DataLoader, a dict of splits, or a reference such as 'imagefolder:DIR'."
    )


def _program(
    network: Network, splits: Splits, known: StudyFolder | None, path: Path
) -> tuple[Network, Path | None]:
    """The network to study, and its program in ``path``; None where there can be none.

    A program that is captured again may name its operators otherwise. Then the study is about the
    program, so that whoever opens it later finds the same fingerprint.
    """
    if network.captured is None:
        return network, None
    try:
        pt2.write(pt2.exported(network.captured), path)
    except CannotCapture:
        return network, None
    own = network_parts(network)
    if known is not None and own.items() <= known.manifest.parts.items():
        return network, path
    try:
        again = build_network(load_program(path), example_of(splits.calibration))
    except (DamagedFile, UnsafeFile):
        return network, None
    return (network if network_parts(again) == own else again), path


def _completed(study: StudyFolder, reference: Reference) -> StudyFolder:
    """``study`` with references to what is kept only now in place of live names."""
    own = study.manifest.reference
    better = replace(
        own,
        model=reference.model if own.model.startswith(LIVE) else own.model,
        data=reference.data if own.data.startswith(LIVE) else own.data,
        metric=reference.metric if own.metric.startswith(LIVE) else own.metric,
    )
    return study if better == own else study.update(replace(study.manifest, reference=better))


def _keep(study: StudyFolder, program: Path | None, splits: Splits) -> None:
    """Write what the study's reference promises to keep, unless it is there."""
    reference, located = study.manifest.reference, study.manifest.reference.within(study.folder)
    target = Path(located.model)
    if program is not None and reference.model.startswith(KEPT) and not target.is_file():
        with storage(target):
            aside = target.with_name(f".{target.name}.tmp")
            shutil.copyfile(program, aside)
            aside.replace(target)
    target = Path(located.data)
    if reference.data.startswith(KEPT) and not target.is_file():
        write_splits(splits, target)


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
