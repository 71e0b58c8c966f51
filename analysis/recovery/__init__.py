"""Win accuracy back without or with training: batch-norm re-estimation, fine-tuning."""

from analysis.recovery.batch_norm import recovered

__all__ = ["recovered"]
