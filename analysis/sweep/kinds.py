"""The kinds of points whose times are learned apart. Torch-free."""

from prunescope.study.point import Point


def kind_of(point: Point) -> str:
    """Return what a point's time depends on beside its work: recovery and granularity.

    >>> from prunescope.study import Method
    >>> kind_of(Point("conv1", Method("l1", "channel"), 0.5, "ls"))
    'ls channel'
    """
    return f"{point.recovery} {point.method.granularity}"
