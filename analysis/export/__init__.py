"""Write a pruned model out, reload it in a fresh process, and offer only what keeps its promise.

* ``write.export_plan`` prunes, ``deliver`` writes and verifies; ``report`` (torch-free) is what it
  found, and ``place`` puts files and report in place together;
* ``recipe`` (torch-free) says how the weights came to be, and ``replay.replay`` makes them again;
* one file per format: ``safetensors_file``, ``program`` (``.pt2``), ``onnx_file``;
* ``reload`` is the fresh process, ``verify`` compares what comes back from it.
"""
