"""Numbers of things in words. Torch-free."""


def counted(number: int, thing: str) -> str:
    """Return how many there are of ``thing``, a noun whose plural ends in s.

    >>> counted(1, "thread"), counted(2, "more lane"), counted(1200, "point")
    ('1 thread', '2 more lanes', '1,200 points')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
