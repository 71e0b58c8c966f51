"""A point of a sweep, and the key under which everything measured at it is kept. Torch-free."""

from dataclasses import dataclass
from typing import Final

from prunescope.study.manifest import MEASUREMENT_VERSION, Manifest
from prunescope.study.method import Method
from prunescope.study.recoveries import REVISIONS

Key = tuple[str | int | float, ...]
"""Type of any table's key."""

PointKey = tuple[str, int, str, str, str, float, str, int]
"""The key of a point: the values of ``KEY``."""

KEY: Final = (
    "fingerprint", "version", "subject", "criterion", "granularity", "sparsity", "recovery", "seed",
)  # fmt: skip
"""Names of the columns of a key, in its order."""

ENGINE: Final = "-".join(map(str, (MEASUREMENT_VERSION, *REVISIONS.values())))
"""The engine's version and those of its recoveries: rows of others are never shown beside its."""

DENSE: Final = ""
"""The subject of dense references."""


@dataclass(frozen=True)
class Point:
    """One subject pruned by one method to one sparsity."""

    subject: str
    method: Method
    sparsity: float
    recovery: str = "none"
    seed: int = 0

    def key(self, manifest: Manifest) -> PointKey:
        """Return the point's key: no other measurement is ever shown under it."""
        return (
            manifest.fingerprint, measurement_version(self.recovery), self.subject,
            self.method.criterion, self.method.granularity, self.sparsity, self.recovery, self.seed,
        )  # fmt: skip


def point_name(point: Point) -> str:
    """Return what a point is called in sentences: subject, method and sparsity."""
    return f"{point.subject} {point.method} {point.sparsity:g}"


def measurement_version(recovery: str) -> int:
    """Return the version of what is measured after ``recovery``: part of a row's key."""
    return MEASUREMENT_VERSION + REVISIONS.get(recovery, 0)


def dense_key(manifest: Manifest, recovery: str) -> PointKey:
    """Return the key of what the dense network gave after ``recovery``."""
    version = measurement_version(recovery)
    return (manifest.fingerprint, version, DENSE, "", "", 0.0, recovery, 0)
