"""Several things in one sentence. Torch-free."""

from collections.abc import Sequence


def listed(things: Sequence[str], word: str = "and") -> str:
    """Return ``things`` with commas and a word before the last one.

    >>> listed(["PyTorch", "ONNX Runtime"]), listed(["a", "b", "c"], "or"), listed(["a"])
    ('PyTorch and ONNX Runtime', 'a, b or c', 'a')
    """
    *most, last = things
    return f"{', '.join(most)} {word} {last}" if most else last
