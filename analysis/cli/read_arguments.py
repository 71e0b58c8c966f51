"""What several commands make of the words that they are given."""

from prunescope.study.bounds import THREADS


def use_threads(threads: int) -> None:
    """Let torch use ``threads`` of the CPU; 0 leaves the choice to it.

    Raises:
        BadValue: More than torch can have; it would crash.
    """
    THREADS.checked(threads)
    import torch

    if threads:
        torch.set_num_threads(threads)
