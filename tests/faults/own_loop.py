"""A coroutine run from a test, whichever tests ran before it in the same process."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run(coroutine: Coroutine[object, object, Result]) -> Result:
    """Return what the coroutine returns, from an event loop in a thread of its own.

    The thread of a browser test has a loop that runs until its browser is closed, at the end of the
    session, and `asyncio.run` refuses a second one there.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
