"""How long the dense and the pruned model take on this machine, told honestly.

``plan.time_plan`` measures and stores; ``report`` (torch-free) is what it found; ``measure``
times any two models against each other.
"""
