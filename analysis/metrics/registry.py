"""Find the metrics: in this folder, in installed packages, and those of this process.

``REGISTRY.register(MyMetric())`` adds one in a notebook; see ``prunescope.extensions``.
"""

from typing import Final

from prunescope.errors import UnknownName
from prunescope.extensions import Registry
from prunescope.metrics.definition import MetricDefinition

REGISTRY: Final[Registry[MetricDefinition]] = Registry(
    "metric", "prunescope.metrics", "METRIC", "prunescope.metrics", MetricDefinition
)


def metric_definition(name: str) -> MetricDefinition:
    """Return the metric ``name``, one of a family included; raises ``UnknownName`` without one."""
    known = REGISTRY.all()
    for definition in known:
        if definition.name == name:
            return definition
        variant = definition.variant(name)
        if variant is not None:
            return variant
    names = [definition.name for definition in known]
    raise UnknownName.among("metric", name, [*names, "agreement", "file.py:function"])
