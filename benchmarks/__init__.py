"""Benchmarks: tables of ratios, measured side by side; ``python -m benchmarks [NAME]``."""
