"""Models of torchvision: classifiers, segmentation, video, detection and optical flow."""

from typing import Any, Final

from torch import Tensor, nn

from benchmarks.removal_table.inputs import Inputs, images, real

FAMILIES: Final = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s",
    "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5",
    "squeezenet1_0", "swin_t", "swin_v2_t", "vgg11", "vit_b_16", "wide_resnet50_2",
)  # fmt: skip
"""One classifier of each family, the smallest."""

_SIDES: Final = {"inception_v3": 96, "maxvit_t": 224, "alexnet": 96, "vit_h_14": 56}
_CLIPS: Final = {"s3d": (3, 3, 16, 64, 64), "mvit": (3, 3, 16, 224, 224)}


def torchvision_names() -> list[str]:
    """Return the names of all classifiers, then those of the other tasks."""
    from torchvision import models

    kinds: tuple[Any, ...] = (
        models, models.segmentation, models.video, models.optical_flow, models.detection
    )  # fmt: skip
    return [name for kind in kinds for name in models.list_models(kind)]


def torchvision_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return the model ``name`` and three samples."""
    from torchvision import models

    extra: dict[str, Any] = {}
    inputs: Inputs
    side = _SIDES.get(name, 64)
    if name in models.list_models(models.video):
        inputs = real(*_CLIPS.get(name.partition("_")[0], (3, 3, 4, 64, 64)))
    elif name in models.list_models(models.optical_flow):
        inputs = (images(128), images(128).flip(3))
    else:
        inputs = images(side)
    if name.startswith("vit"):
        extra = {"image_size": side}
    if name in ("googlenet", "inception_v3"):
        extra = {"init_weights": False}
    if name in (*models.list_models(models.segmentation), *models.list_models(models.detection)):
        extra = {"weights_backbone": None}
    model: nn.Module = models.get_model(name, weights=None, **extra)
    if name in models.list_models(models.detection):
        assert isinstance(inputs, Tensor)
        inputs = images(128)  # a detector takes a list of images: a batch is one
    return model, inputs
