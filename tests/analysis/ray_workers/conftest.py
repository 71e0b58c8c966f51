"""The command line, for sweeps to compare with."""

from tests.analysis.cli.conftest import prunescope

__all__ = ["prunescope"]
