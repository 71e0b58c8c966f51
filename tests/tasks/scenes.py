"""Tasks on scenes of Fashion-MNIST: a class for every pixel, a box for every article."""

import torch
from torchmetrics import classification

from prunescope.sample_models import scenes
from prunescope.sample_models.networks.detector import Detector
from prunescope.sample_models.networks.unet import UNet
from prunescope.sample_models.train_scenes import box_loss, mask_loss
from tests.tasks.task import Splits, Task

STEPS = 60
SIZES = {"calibration": 48, "validation": 64, "test": 32}
