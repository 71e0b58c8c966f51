"""Models of ultralytics, segmentation-models-pytorch, MONAI, torchaudio and PyTorch Geometric."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import torch
from torch import nn

from benchmarks.removal_table.inputs import Inputs, generator, images, real

ULTRALYTICS: Final = (
    "yolov5n", "yolov8n", "yolov9t", "yolov10n", "yolo11n", "yolo12n", "yolo26n", "yolo11n-seg",
    "yolov8n-pose", "yolov8n-cls", "rtdetr-resnet50",
)  # fmt: skip

SEGMENTATION: Final = (
    "Unet", "UnetPlusPlus", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "Linknet", "MAnet",
    "PAN", "UPerNet", "Segformer", "DPT",
)  # fmt: skip

MONAI: Final[dict[str, tuple[dict[str, Any], tuple[int, ...]]]] = {
    "UNet": (
        {"spatial_dims": 2, "in_channels": 1, "out_channels": 2, "channels": (8, 16, 32),
         "strides": (2, 2), "num_res_units": 2}, (1, 32, 32),
    ),
    "BasicUNet": (
        {"spatial_dims": 3, "in_channels": 1, "out_channels": 2,
         "features": (8, 8, 16, 16, 32, 8)}, (1, 32, 32, 32),
    ),
    "SegResNet": (
        {"spatial_dims": 3, "init_filters": 8, "in_channels": 1, "out_channels": 2},
        (1, 16, 16, 16),
    ),
    "DynUNet": (
        {"spatial_dims": 2, "in_channels": 1, "out_channels": 2, "kernel_size": [3, 3, 3],
         "strides": [1, 2, 2], "upsample_kernel_size": [2, 2], "filters": [8, 16, 32]},
        (1, 32, 32),
    ),
    "VNet": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2}, (1, 32, 32, 32)),
    "AttentionUnet": (
        {"spatial_dims": 2, "in_channels": 1, "out_channels": 2, "channels": (8, 16, 32),
         "strides": (2, 2)}, (1, 32, 32),
    ),
    "UNETR": (
        {"in_channels": 1, "out_channels": 2, "img_size": (32, 32), "feature_size": 8,
         "hidden_size": 48, "mlp_dim": 64, "num_heads": 4, "spatial_dims": 2}, (1, 32, 32),
    ),
    "SwinUNETR": (
        {"in_channels": 1, "out_channels": 2, "feature_size": 12, "spatial_dims": 2,
         "depths": (1, 1, 1, 1)}, (1, 64, 64),
    ),
    "DenseNet121": ({"spatial_dims": 2, "in_channels": 1, "out_channels": 3}, (1, 64, 64)),
    "EfficientNetBN": (
        {"model_name": "efficientnet-b0", "pretrained": False, "spatial_dims": 2, "in_channels": 1,
         "num_classes": 3}, (1, 64, 64),
    ),
    "SENet": (
        {"spatial_dims": 2, "in_channels": 1, "block": "se_bottleneck", "layers": (1, 1, 1, 1),
         "groups": 1, "reduction": 16, "num_classes": 3}, (1, 64, 64),
    ),
    "HighResNet": ({"spatial_dims": 3, "in_channels": 1, "out_channels": 2}, (1, 16, 16, 16)),
    "ViT": (
        {"in_channels": 1, "img_size": (32, 32), "patch_size": (8, 8), "hidden_size": 48,
         "mlp_dim": 64, "num_layers": 2, "num_heads": 4, "classification": True,
         "spatial_dims": 2}, (1, 32, 32),
    ),
}  # fmt: skip
"""Class → its arguments, and the shape of one sample."""

AUDIO: Final = (
    "wav2letter", "deepspeech", "conformer", "emformer", "conv_tasnet", "hdemucs", "wavernn",
    "wav2vec2",
)  # fmt: skip

GEOMETRIC: Final = ("MLP", "DenseGCN", "DenseSAGE", "DenseGAT")
"""Those that take a batch; layers over a list of edges have no dimension of samples, and the dense
score of such a model is refused in a sentence."""


def ultralytics_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return the network of the package's own description ``name``."""
    library: Any = import_module("ultralytics")
    kind = library.RTDETR if name.startswith("rtdetr") else library.YOLO
    side = 64 if name.endswith("cls") else 128
    return kind(f"{name}.yaml").model, images(side)


def segmentation_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return a decoder of segmentation-models-pytorch on a small encoder."""
    library: Any = import_module("segmentation_models_pytorch")
    encoder = {"Segformer": "mit_b0", "DPT": "tu-vit_tiny_patch16_224", "UPerNet": "resnet18"}
    extra: dict[str, Any] = {"dynamic_img_size": True} if name == "DPT" else {}
    made: Callable[..., nn.Module] = getattr(library, name)
    model = made(encoder_name=encoder.get(name, "resnet18"), encoder_weights=None, classes=3,
                 **extra)  # fmt: skip
    return model, images(128 if name == "PAN" else 64)


def monai_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return a network of MONAI, in two or three spatial dimensions."""
    nets: Any = import_module("monai.networks.nets")
    arguments, shape = MONAI[name]
    arguments = dict(arguments)
    if name == "SENet":
        arguments["block"] = import_module("monai.networks.blocks").SEBottleneck
    made: nn.Module = getattr(nets, name)(**arguments)
    return made, real(3, *shape)


def audio_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return a small model of torchaudio."""
    models: Any = import_module("torchaudio.models")
    lengths = torch.tensor([24, 20, 24])
    made: dict[str, Callable[[], tuple[nn.Module, Inputs]]] = {
        "wav2letter": lambda: (
            models.Wav2Letter(num_classes=10, input_type="mfcc", num_features=16), real(3, 16, 64)
        ),
        "deepspeech": lambda: (models.DeepSpeech(16, n_hidden=32, n_class=10), real(3, 1, 24, 16)),
        "conformer": lambda: (
            models.Conformer(32, 4, 48, 2, 7), (real(3, 24, 32), lengths)
        ),
        "emformer": lambda: (
            models.Emformer(32, 4, 48, 2, segment_length=4, right_context_length=1),
            (real(3, 25, 32), lengths),
        ),
        "conv_tasnet": lambda: (
            models.ConvTasNet(2, 8, 16, 3, 16, 24, 3, 2), real(3, 1, 256)
        ),
        "hdemucs": lambda: (
            models.hdemucs_low(["a", "b"]), real(3, 2, 16384)
        ),
        "wavernn": lambda: (
            models.WaveRNN([2, 2], 8, 4, n_res_block=2, n_rnn=32, n_fc=32, n_hidden=16,
                           n_output=16, kernel_size=3, n_freq=16),
            (real(3, 1, 8), real(3, 1, 16, 4)),
        ),
        "wav2vec2": lambda: (_wav2vec2(models), real(3, 400)),
    }  # fmt: skip
    return made[name]()


def _wav2vec2(models: Any) -> nn.Module:
    made: nn.Module = models.wav2vec2_model(
        "layer_norm", [(16, 10, 5), (16, 4, 4)], False, 32, 0.0, 8, 4, 2, 4, 0.0, 48, 0.0, 0.0,
        True, 0.0, 10,
    )  # fmt: skip
    return made


def geometric_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return a graph network; a batch is three nodes, or three graphs where the graph is dense."""
    library: Any = import_module("torch_geometric.nn")
    if name == "MLP":
        return library.MLP([8, 16, 16, 4], norm="batch_norm"), real(3, 8)
    if name.startswith("Dense"):
        layer = getattr(library, f"{name}Conv")
        adjacency = (torch.rand(3, 6, 6, generator=generator()) > 0.5).float()
        return _Dense(layer), (real(3, 6, 8), adjacency)
    edges = torch.randint(0, 3, (3, 2), generator=generator()).T.contiguous()
    return getattr(library, name)(8, 16, 2, 4), (real(3, 8), edges)


class _Dense(nn.Module):
    """Two dense graph convolutions, as the library's examples put them together."""

    def __init__(self, layer: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.first, self.second = layer(8, 16), layer(16, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        """Return a score for each graph."""
        x = self.first(x, adjacency).relu()
        x = self.second(x, adjacency).relu()
        made: torch.Tensor = self.head(x.mean(1))
        return made
