"""Numbers with their units as people read them. Torch-free."""

import math

_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_MINUS = "\u2212"


def count(value: float) -> str:
    """Return a number of things with three digits that matter.

    >>> count(271_914), count(41_300_000), count(950)
    ('272 k', '41.3 M', '950')
    """
    for size, prefix in _PREFIXES:
        if abs(value) >= size * 0.9995:
            return f"{_three(value / size)} {prefix}"
    return f"{value:.0f}"


def bytes_(value: float) -> str:
    """Return bytes with a decimal prefix.

    >>> bytes_(1_087_656), bytes_(812)
    ('1.09 MB', '812 B')
    """
    for size, prefix in _PREFIXES:
        if abs(value) >= size * 0.9995:
            return f"{_three(value / size)} {prefix}B"
    return f"{value:.0f} B"


def macs(value: float) -> str:
    """Return a number of multiply-accumulates with its prefix.

    >>> macs(2_293_000), macs(950)
    ('2.29 MMACs', '950 MACs')
    """
    text = count(value)
    return f"{text}MACs" if " " in text else f"{text} MACs"


def macs_of(value: float, whole: float) -> str:
    """Return multiply-accumulates of so many, both with the prefix of the whole.

    >>> macs_of(41e9, 5.2e12)
    '0.041 of 5.2 TMACs'
    """
    size = next((size for size, _ in _PREFIXES if whole >= size * 0.9995), 1.0)
    return f"{value / size:.3g} of {macs(whole)}"


def percent(fraction: float, digits: int = 1, sign: bool = False) -> str:
    """Return a fraction as percent.

    >>> percent(0.925), percent(float("nan")), percent(0.012, sign=True)
    ('92.5 %', '–', '+1.2 %')
    """
    if math.isnan(fraction):
        return "–"
    return f"{'+' if sign and fraction > 0 else ''}{signed(f'{fraction * 100:.{digits}f}')} %"


def _three(value: float) -> str:
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(text: str) -> str:
    """Return a number's text with a true minus, and none before a zero.

    >>> signed("-0.30"), signed("-0.00")
    ('−0.30', '0.00')
    """
    return _MINUS + text[1:] if text.startswith("-") and float(text) != 0 else text.lstrip("-")
