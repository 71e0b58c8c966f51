"""What several commands make of the words that they are given."""

from prunescope.study.bounds import THREADS


def listed(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list.

    >>> listed("logits, hidden.0,")
    ('logits', 'hidden.0')
    """
    return tuple(name.strip() for name in text.split(",") if name.strip())


def use_threads(threads: int) -> None:
    """Let torch use ``threads`` of the CPU; 0 leaves the choice to it.

    Raises:
        BadValue: More than torch can have; it would crash.
    """
    THREADS.checked(threads)
    import torch

    if threads:
        torch.set_num_threads(threads)


def use_device(device: str) -> None:
    """Let this process compute on ``device``.

    Raises:
        UnknownName, BadValue: There is no such device, or none on this machine.
    """
    from prunescope.bench import device as devices

    devices.use_device(device)
