"""References to models, data and metrics, resolved: one grammar for CLI, Python and dashboard."""
