"""Errors that say that memory ran out, on any device. Torch-free."""

from typing import Final

from prunescope.commands import next_steps

_SAYS: Final = ("can't allocate memory", "out of memory", "Cannot allocate memory")


def out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` says that memory ran out.

    >>> out_of_memory(MemoryError()), out_of_memory(RuntimeError("CUDA out of memory."))
    (True, True)
    """
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError | OSError) and any(said in str(error) for said in _SAYS)


def memory_sentence(error: BaseException) -> str:
    """Return the sentence for memory that ran out in Prunescope's own code."""
    asked = " ".join(str(error).split())[:200].rstrip(".")
    said = f"it ran out ({type(error).__name__}: {asked})" if asked else "it ran out"
    return f"Expected the run to fit into memory, but {said}. {next_steps.less_memory()}"
