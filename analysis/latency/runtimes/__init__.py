"""What runs a network to time it, one file each: ``torch`` and ``onnx``.

A new runtime is one new file with a ``RUNTIME``; ``runtime`` says what it has to do. Put it into
this folder, or anywhere else and name it as an entry point of the group ``prunescope.runtimes``
(see ``prunescope.extensions``). Latency tables, ``prunescope time --runtime`` and the pages then
show it by themselves.
"""
