"""The one fence around code that users bring: whatever it does ends in one sentence.

Builders, imports, forward passes, metrics, criteria and datasets run inside ``guard.guarded``. What
they raise, ``sys.exit`` and an end of memory included, becomes an error that names the line of
their file; what hangs is stopped (``patience``). Torch-free.
"""
