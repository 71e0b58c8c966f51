"""Run the user's code; whatever it raises becomes one sentence. Torch-free."""

import contextlib
from collections.abc import Iterator
from typing import Final

from prunescope.commands import next_steps
from prunescope.errors import BadReference, OutOfMemory, PrunescopeError, TookTooLong
from prunescope.text.durations import spoken
from prunescope.user_code.blame import error_place
from prunescope.user_code.memory import out_of_memory
from prunescope.user_code.patience import VARIABLE, Overdue, patience, watched
from prunescope.user_code.signals import LeftProcess, no_silent_exit, own_signals

_LONGEST: Final = 300
_LEAVES: Final = "Let it return, or raise an error, instead of leaving the process."
_WORKER: Final = "Original Traceback"


@contextlib.contextmanager
def guarded(
    expected: str,
    advice: str,
    kind: type[PrunescopeError] = BadReference,
    doing: str = "running",
    times: float = 1.0,
) -> Iterator[None]:
    """Run the block, a call of the user's code, and raise one sentence for whatever goes wrong.

    *Expected ``expected``, but it raised KeyError: 'a' (net.py:12). ``advice``* The original error
    is the cause of the new one. ``PrunescopeError`` passes, and so does Ctrl-C, which a
    ``KeyboardInterrupt`` that the code raises by itself is not.

    Args:
        expected: What should have happened.
        advice: The next step, a sentence.
        kind: Of the error.
        doing: For the words about what takes long, such as ``loading the model``.
        times: The limit, in ``patience()``.

    Raises:
        OutOfMemory: Memory ran out.
        TookTooLong: It was still running at the limit.
        PrunescopeError: ``kind``, for everything else.
    """
    limit = patience() * times

    def too_long(place: str) -> str:
        where = f"at {place}" if place else "running"
        return (
            f"Expected {expected} within {spoken(limit)}, but it was still {where} after that. "
            f"Check for a loop without an end, or allow more time: {VARIABLE}={10 * limit:.0f}s."
        )

    with watched(doing, too_long, limit) as call:
        try:
            with own_signals(call), no_silent_exit():
                yield
        except PrunescopeError:
            raise
        except Overdue as error:
            late = error.call or call.first_overdue() or call
            if late is not call:  # the call around this one ends
                raise
            raise TookTooLong(too_long(call.place or error_place(error))) from error
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and call.interrupted:
                raise
            raise _sentence(expected, advice, kind, error) from error


def _sentence(
    expected: str, advice: str, kind: type[PrunescopeError], error: BaseException
) -> PrunescopeError:
    place = error_place(error)
    where = f" ({place})" if place else ""
    if isinstance(error, LeftProcess):
        return kind(f"Expected {expected}, but it called os._exit{where}. {_LEAVES}")
    text = _first_line(error)
    raised = f"it raised {type(error).__name__}{': ' if text else ''}{text}{where}"
    if out_of_memory(error):
        less = next_steps.less_memory()
        return OutOfMemory(f"Expected {expected}, but memory ran out: {raised}. {less}")
    if isinstance(error, SystemExit | KeyboardInterrupt):
        advice = _LEAVES
    if isinstance(error, RecursionError):
        advice = "Check for a function or a module that calls or contains itself."
    return kind(f"Expected {expected}, but {raised}. {advice}")


def _first_line(error: BaseException) -> str:
    """The first line of what the error says; of one in a ``DataLoader``'s worker, the last."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error).strip()
    except Exception:  # noqa: BLE001 - the user's own __str__
        return "an error that cannot be printed"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1 if _WORKER in text else 0][:_LONGEST].rstrip(".")
