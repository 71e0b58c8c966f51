"""Win accuracy back without or with training: batch-norm re-estimation, fine-tuning.

``report`` is torch-free, so nothing is imported here.
"""
