"""Plain weights whose zeros take no room: a smaller download, the same bits once it is read."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import LoadingCode
from prunescope.export.formats.safetensors import PlainWeights

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.export_report import Check
    from prunescope.export.promise import Promise
    from prunescope.export.recipe import Recipe

MOST: Final = 0.9
"""Of the dense bytes; a file that saves less is not worth another way to load it."""


class SparseWeights(PlainWeights):
    """Values that are not zero and where they stand; see ``sources.sparse_tensors``."""

    name = "sparse-safetensors"
    file = "model.sparse.safetensors"
    title = "Sparse weights"
    purpose = (
        "Plain weights of which zeros take no room, where that saves a tenth or more; read "
        "as plain weights are, or by load.py into model.py."
    )
    rank = 7
    usual = False
    note = "zeros take no room"
    beside = ()

    def write(self, made: Deliverable, folder: Path) -> None:
        """Write all saved tensors, each dense or sparse, whichever is smaller."""
        from safetensors.torch import save_file

        from prunescope.export.tensors import saved_tensors, tensor_bytes
        from prunescope.sources.sparse_tensors import NOTE, sparse_tensors
        from prunescope.text.numbers import exact

        tensors = saved_tensors(made.module)
        sparse, dense = sparse_tensors(tensors), tensor_bytes(tensors)
        if sparse.bytes > MOST * dense:
            raise CannotCapture(
                f"Expected zeros that save a tenth of the {exact(dense)} bytes, but without them "
                f"there are still {exact(sparse.bytes)}. Export plain weights."
            )
        metadata = {"format": "pt", NOTE: sparse.note}
        save_file(sparse.stored, folder / self.file, metadata=metadata)

    def further(self, made: Deliverable, folder: Path) -> tuple[Check, ...]:
        """Nothing: ``model.py`` comes with plain weights."""
        del made, folder
        return ()

    def size(self, file: Path, tensors: int, promised: Promise) -> Check:
        """Return the check of the bytes on disk against the tensors', dense."""
        from prunescope.export.export_report import Check
        from prunescope.text.numbers import exact
        from prunescope.text.units import percent

        del tensors
        on_disk = file.stat().st_size
        return Check(
            "bytes",
            f"less than the {exact(promised.bytes)} bytes of the tensors, dense",
            f"{exact(on_disk)} bytes, {percent(on_disk / promised.bytes)} of them",
            on_disk < promised.bytes,
        )

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives the tensors, dense, with nothing of ours."""
        from prunescope.sources.sparse_tensors import dense_tensors

        del recipe
        return LoadingCode(f"\n\n{inspect.getsource(dense_tensors)}{_LOAD}", _TRIAL)


_LOAD: Final = '''

def load_sparse():
    """model.sparse.safetensors: tensors by their original names, dense again.

    For load_state_dict of your own class, or of the network in model.py, where it lies beside:
    model.load(load_sparse()).
    """
    import json
    from safetensors import safe_open

    with safe_open(HERE / "model.sparse.safetensors", "pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}
        return dense_tensors(stored, json.loads(file.metadata()["sparse"]))
'''

_TRIAL: Final = """
    tensors = load_sparse()
    print(f"model.sparse.safetensors: {len(tensors)} tensors")
"""

FORMAT = SparseWeights()
