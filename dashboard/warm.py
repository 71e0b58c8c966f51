"""Keep the collector from walking over every imported module after every run.

Streamlit collects all generations after each script run, while holding the interpreter's lock;
frozen objects are skipped, which takes tens of milliseconds off every interaction.
"""

import gc
from functools import cache


@cache
def freeze() -> None:
    """Freeze what is imported so far; once per process, however often the pages run."""
    gc.collect()
    gc.freeze()
