"""Write a pruned model out, reload it in a fresh process, and offer only what keeps its promise.

* ``export_plan`` prunes, ``write_formats`` writes and verifies; ``export_report`` (torch-free) is
  what that gave, and ``install`` puts files and report in place together;
* ``recipe`` (torch-free) says how the weights came to be, ``replay_recipe`` makes them again;
* ``formats`` holds one file for each format;
* ``reload_worker`` is the fresh process, ``verify_file`` compares what comes back from it.
"""
