"""Data from its reference: the splits that calibrate, validate and test a model."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree
from torch.utils.data import DataLoader, Dataset

from prunescope.data_kinds.options import read_options
from prunescope.data_kinds.registry import data_kind_of, forms
from prunescope.errors import BadReference, BadValue, UnknownName
from prunescope.sources import arrays
from prunescope.sources.functions import find_function, is_function, require_kept
from prunescope.sources.kept_splits import read_splits
from prunescope.sources.live_data import live_samples, live_splits
from prunescope.sources.preprocessing import own_preprocessing
from prunescope.sources.splits import (
    SPLITS,
    Samples,
    Splits,
    check_samples,
    data_hash,
    split_by,
)
from prunescope.study import Reference
from prunescope.user_code.guard import guarded

__all__ = ["SPLITS", "Samples", "Splits", "data_hash", "load_data"]


def load_data(reference: Reference) -> Splits:
    """Return the splits that ``reference.data`` names.

    Raises:
        BadReference: The reference has no known form or leads nowhere.
        DataMismatch: A split is empty, its parts have different lengths, or values are NaN.
    """
    text = reference.data
    require_kept("data", text)
    if text.startswith("sample:"):
        splits = _sample(text.removeprefix("sample:"))
    elif data_kind_of(text) is not None:
        splits = _by_kind(text, reference.model)
    elif text.endswith(".npz"):
        splits = arrays.from_file(Path(text))
    elif text.endswith(".safetensors"):
        splits = read_splits(Path(text))
    elif is_function(text):
        splits = _from_function(text)
    else:
        raise BadReference(
            f"Expected data as sample:fashion-mnist, {forms()}, but got {text!r}. For example "
            "sample:fashion-mnist."
        )
    for name in SPLITS:
        check_samples(name, splits.named(name), text)
    return splits


def _by_kind(text: str, model: str) -> Splits:
    named = data_kind_of(text)
    assert named is not None
    kind, name, query = named
    options = read_options(kind.name, kind.form, query, kind.options)
    parts = kind.load(name, options, own_preprocessing(model))
    return replace(live_splits(dict(parts.splits)), classes=parts.classes)


def _sample(name: str) -> Splits:
    from prunescope.sample_models import registry
    from prunescope.sample_models.samples import DATA

    if name not in DATA:
        raise UnknownName.among("sample data", name, DATA)

    def read(part: str) -> Samples:
        inputs, targets = registry.arrays(name, part)
        return Samples(
            pytree.tree_map(torch.from_numpy, inputs), pytree.tree_map(torch.from_numpy, targets)
        )

    return split_by(read, registry.class_names(name))


def _from_function(text: str) -> Splits:
    """The function returns split → (inputs, targets), or split → inputs without labels.

    A pair counts as inputs and targets; inputs alone are a tensor, a dict or ``(inputs, None)``. A
    split may also be a ``Dataset`` or a ``DataLoader``, and one of these alone is cut in three.
    """
    function = find_function("data", text)
    with _loading(text):
        made = function()
    if isinstance(made, Splits):
        return made
    if isinstance(made, DataLoader | Dataset):
        with _loading(text):
            return live_splits(made)
    with _loading(text):  # a mapping of the user's own may do anything
        complete = isinstance(made, Mapping) and all(name in made for name in SPLITS)
    if not complete:
        raise BadValue(
            f"Expected {text} to return a dict with calibration, validation and test, each "
            f"(inputs, targets), a Dataset or a DataLoader, but got {type(made).__name__}. Return "
            "such a dict."
        )

    given_inputs: dict[str, object] = {}

    def read(part: str) -> Samples:
        with _loading(text):
            given = made[part]
            if isinstance(given, DataLoader | Dataset):
                return live_samples(f"the {part} split of {text}", given)
        pair = isinstance(given, tuple | list) and len(given) == 2
        inputs, targets = given if pair else (given, None)
        given_inputs[f"{part} inputs"] = inputs
        plain = pytree.tree_map(
            lambda a: arrays.as_tensor(a) if isinstance(a, np.ndarray) else a, inputs
        )
        return Samples(plain, None if targets is None else _own_targets(plain, targets))

    return replace(split_by(read), casts=arrays.casts(given_inputs))


def _own_targets(inputs: Any, targets: Any) -> Any:
    leaves = [x for x in pytree.tree_leaves(inputs) if isinstance(x, torch.Tensor) and x.ndim]
    return arrays.as_targets(targets, len(leaves[0]) if leaves else None)


def _loading(text: str) -> contextlib.AbstractContextManager[None]:
    return guarded(
        f"{text} to return the splits when called without arguments",
        "Give its arguments defaults.",
        doing="loading the data",
    )
