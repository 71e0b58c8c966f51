"""Limits on classes from what a command or a call says of a study. Torch-free."""

from collections.abc import Iterable

from prunescope.errors import BadValue
from prunescope.planning.solve.class_limits import RECALL, WORST, ClassLimit
from prunescope.study import Manifest


def is_class_limit(text: str) -> bool:
    """Return whether ``text`` limits what a class loses.

    >>> is_class_limit("worst-class=3pt"), is_class_limit("macs=0.5")
    (True, False)
    """
    kind = text.partition("=")[0].strip()
    return kind == WORST or kind.startswith(RECALL)


def class_limits(texts: Iterable[str], manifest: Manifest) -> tuple[ClassLimit, ...]:
    """Return the limits on classes among ``texts``, for the classes of a study.

    Raises:
        BadValue: The study counts no classes, a class is named twice, or a limit is none.
        UnknownName: No such class.
    """
    asked = [text for text in texts if is_class_limit(text)]
    if not asked:
        return ()
    count = len(manifest.baseline.class_samples) if manifest.baseline else 0
    if not count:
        raise BadValue(
            f"Expected a study whose samples have one class label each for {asked[0]!r}, but this "
            "one has none. Leave that limit out."
        )
    limits = [ClassLimit.parse(text, manifest.classes, count) for text in asked]
    named = [limit for limit in limits if limit is not None]
    if len({limit.label for limit in named}) < len(named):
        raise BadValue(
            f"Expected one limit for each class, but got {', '.join(asked)}. Keep the tightest."
        )
    return tuple(named)
