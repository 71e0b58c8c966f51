"""A package that brings a runtime and an export format, one file each, as pip would install it."""

import os
from pathlib import Path

import pytest

RUNTIME = '''\
"""PyTorch in double precision."""

import copy

from prunescope.latency.runtimes.runtime import Runtime, VectorWidths


class Double(Runtime):
    name = "double"
    title = "PyTorch double"
    widths = VectorWidths((4,), (2,))

    def version(self):
        import torch

        return torch.__version__

    def compile(self, module, workload):
        twin = copy.deepcopy(module).double()
        inputs = workload.inputs.double()
        return lambda: twin(inputs)


RUNTIME = Double()
'''

FORMAT = '''\
"""Weights as a NumPy archive."""

from dataclasses import replace

import numpy as np

from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import LoadedModule


class Npz(Format):
    name = "npz"
    file = "model.npz"
    title = "NumPy archive"
    purpose = "Opens wherever NumPy does."
    packages = ("numpy",)

    def write(self, made, folder):
        from prunescope.export.tensors import saved_tensors

        arrays = {name: tensor.numpy() for name, tensor in saved_tensors(made.module).items()}
        np.savez(folder / self.file, **arrays)

    def load(self, file, recipe, threads, study):
        from prunescope.export.recipe import read_recipe
        from prunescope.sources.models import load_model

        def poured():
            import torch

            model = load_model(replace(read_recipe(recipe).reference, random=True))
            with np.load(file) as arrays:
                model.load_state_dict({name: torch.tensor(arrays[name]) for name in arrays})
            return model

        return LoadedModule(poured, threads)

    def loading(self, recipe):
        return LoadingCode(LOAD, TRIAL)


LOAD = """

def load_npz():
    import numpy

    return numpy.load(HERE / "model.npz")
"""
TRIAL = """
    print("model.npz:", len(load_npz().files), "arrays")
"""
FORMAT = Npz()
'''

ENTRY_POINTS = """\
[prunescope.runtimes]
double = toy_double
[prunescope.formats]
npz = toy_npz:FORMAT
"""


def install(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Put the package on the path of this process and of those that it starts."""
    site = folder / "site"
    about = site / "toys-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    (site / "toy_double.py").write_text(RUNTIME)
    (site / "toy_npz.py").write_text(FORMAT)
    patch.syspath_prepend(str(site))
    before = os.environ.get("PYTHONPATH", "")
    patch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}".rstrip(os.pathsep))
