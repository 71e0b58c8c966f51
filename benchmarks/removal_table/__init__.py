"""What coupling and removal do to public models: half of every group, one row per model.

    python -m benchmarks.removal_table                          # about 400 models of nine libraries
    python -m benchmarks.removal_table resnet50 timm:xcit_nano_12_p16_224
    python -m benchmarks.removal_table --library transformers   # one library
    python -m benchmarks.removal_table --kind files             # .pt2 and ONNX, at two sizes
    python -m benchmarks.removal_table --kind peer resnet18     # what Torch-Pruning makes of it
    python -m benchmarks.removal_table.growth --write build/growth.md
    python -m benchmarks.removal_table --write benchmarks/tables/removal.md --more build/growth.md

Rows lie in ``--rows`` (build/removal_rows), one file for each model: what is there is not made
again, and the table is printed from what is there. Each model runs in a process of its own with
limits on memory and time, so one that hangs or crashes costs its row, not the table. Libraries
besides torchvision come from the package index: timm, transformers, ultralytics, diffusers,
segmentation-models-pytorch, monai with einops, torchaudio (2.11.1 without its dependencies: there
is none for torch 2.14) and torch_geometric.
"""

from benchmarks.removal_table.run import main

__all__ = ["main"]
