"""What several commands make of the words that they are given."""


def use_threads(threads: int) -> None:
    """Let torch use ``threads`` of the CPU; 0 leaves the choice to it."""
    import torch

    if threads:
        torch.set_num_threads(threads)
