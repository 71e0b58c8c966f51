"""Data as a reference names it."""

from prunescope.sources.data import load_data
from prunescope.study import Reference


def data(reference, model="sample:mlp"):
    return load_data(Reference(model, str(reference)))


def lengths(splits):
    return [len(splits.named(name)) for name in ("calibration", "validation", "test")]
