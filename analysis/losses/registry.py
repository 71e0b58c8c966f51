"""Find the losses: in this folder, in installed packages, and those of this process."""

from typing import Final

from prunescope.extensions import Registry
from prunescope.losses.definition import LossDefinition

REGISTRY: Final[Registry[LossDefinition]] = Registry(
    "loss", "prunescope.losses", "LOSS", "prunescope.losses", LossDefinition
)
