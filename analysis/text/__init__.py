"""Numbers, units and durations in words: made here, the same on every page and in every command.

One style each, for terminal, pages, reports and benchmarks:

- Exact numbers have commas between thousands: ``1,234,567`` (``numbers``).
- Long numbers and bytes have three digits that matter and a decimal prefix: ``1.09 MB`` is
  1,090,000 bytes (``units``).
- Percent and points stand after a space, with a true minus: ``92.5 %``, ``−0.30 pt``.
- Times are in the largest unit that counts, with the next one: ``2 min 30 s`` (``durations``).

Torch-free. Sentences that name commands are in ``prunescope.commands.next_steps``.
"""
