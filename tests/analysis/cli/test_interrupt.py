"""A Ctrl-C that Python drops still stops the run."""

import os
import signal

import pytest

from prunescope.cli.interrupt import interruptible
from prunescope.progress import Silent


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Swallows:
    """Python drops exceptions of destructors, KeyboardInterrupt too."""

    def __del__(self) -> None:
        press()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_dropped_by_a_destructor_is_remembered() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible(Silent()) as progress:
        swallowing = Swallows()
        del swallowing
        progress.advance()
        progress.cancelled()
        pytest.fail("the run went on")


def test_ctrl_c_still_raises_at_once_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruptible(Silent()):
        press()
        pytest.fail("the run went on")
    assert signal.getsignal(signal.SIGINT) is before


def test_without_ctrl_c_nothing_changes() -> None:
    with interruptible(Silent()) as progress:
        progress.start(1, "one")
        assert not progress.cancelled()
