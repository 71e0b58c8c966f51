"""Several things in one sentence. Torch-free."""

from collections.abc import Sequence


def listed(things: Sequence[str], word: str = "and") -> str:
    """Return ``things`` with commas and a word before the last one.

    >>> listed(["PyTorch", "ONNX Runtime"]), listed(["a", "b", "c"], "or"), listed(["a"])
    ('PyTorch and ONNX Runtime', 'a, b or c', 'a')
    """
    *most, last = things
    return f"{', '.join(most)} {word} {last}" if most else last


def first_few(names: Sequence[str], most: int = 3) -> str:
    """Return the first ``most`` names, and how many more there are.

    >>> first_few(["a", "b"], 1), first_few(["a", "b"])
    ('a and 1 more', 'a, b')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
