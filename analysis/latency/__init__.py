"""How long the dense and the pruned model take on this machine, told honestly.

``measure.time_plan`` measures a plan and stores what it found; ``measure.time_models`` times any
two models against each other; ``report`` (torch-free) holds the numbers and what they allow to say.
"""
