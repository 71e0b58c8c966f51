"""Numbers of things in words, and words at the start of a line. Torch-free."""


def exact(number: float) -> str:
    """Return a whole number with commas between thousands.

    >>> exact(1234567), exact(950)
    ('1,234,567', '950')
    """
    return f"{number:,.0f}"


def counted(number: int, thing: str) -> str:
    """Return how many there are of ``thing``, a noun whose plural ends in s.

    >>> counted(1, "thread"), counted(2, "more lane"), counted(1200, "point")
    ('1 thread', '2 more lanes', '1,200 points')
    """
    return f"{exact(number)} {thing}{'' if number == 1 else 's'}"


def capitalised(words: str) -> str:
    """Return words as they begin a line, names within them as they are.

    >>> capitalised("the solver's MACs")
    "The solver's MACs"
    """
    return words[:1].upper() + words[1:]


def unsigned_zero(value: float) -> float:
    """Return ``value``, or 0 where two decimals would show it as a zero with a minus.

    >>> unsigned_zero(-0.004), unsigned_zero(-0.006), unsigned_zero(0.004)
    (0.0, -0.006, 0.004)
    """
    return 0.0 if round(value, 2) == 0 and value <= 0 else value
