"""How many pages run at a time, of all windows of the server.

One interpreter computes them: forty that run at once are no faster than a few after another, and
each holds what it has read until it ends. Not in ``app.py``, which every run executes anew.
"""

from threading import BoundedSemaphore
from typing import Final

turn: Final = BoundedSemaphore(4)
