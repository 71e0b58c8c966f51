"""What coupling and removal do to public models: half of every group, one row per model.

    python -m benchmarks.removal_table                             # torchvision's 80 classifiers
    python -m benchmarks.removal_table resnet50 timm:xcit_nano_12_p16_224
    python -m benchmarks.removal_table --set segmentation          # or timm, transformers, all
    python -m benchmarks.removal_table --export family --torch-pruning family
    python -m benchmarks.removal_table --rows rows.jsonl --write benchmarks/tables/removal.md

``--export`` sends the smaller network through ``.pt2`` and ONNX; ``--torch-pruning`` prints what
Torch-Pruning's defaults do at 50 % beside it; both take ``family`` (one model of each) or ``all``.
``--rows`` keeps finished rows, so that the table can be made in several sittings. Each model
runs in a process of its own: one that hangs or crashes costs its row, not the table.
"""

from benchmarks.removal_table.run import main

__all__ = ["main"]
