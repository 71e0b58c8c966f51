"""The public face: studies in a notebook, from references or live objects. Imports without torch.

``prunescope`` itself offers what stands here (``import prunescope as ps``), loaded when it is first
asked for; the command line calls the same functions.
"""
