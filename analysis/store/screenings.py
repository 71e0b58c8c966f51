"""One row per screened point: the change of its layer's outputs, by a first pass without labels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Screening:
    """One layer or group pruned: how far the outputs that change first are from the dense ones.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        subject: Layer or group name.
        criterion: Name of the criterion.
        granularity: ``weight``, ``channel``, ``head`` or ``n:m``.
        sparsity: As asked, 0 to 1.
        recovery: ``none`` or ``ls``.
        seed: Of whatever is random.
        removed: Weights or units removed.
        total: Weights or units that there were.
        error: ``‖WX − ŴX‖² / ‖WX‖²`` on calibration inputs, 0 = nothing changes; of a group, the
            mean over the layers that read its units. No accuracy, and no bound of one.
    """

    fingerprint: str
    version: int
    subject: str
    criterion: str
    granularity: str
    sparsity: float
    recovery: str
    seed: int
    removed: int
    total: int
    error: float
