"""The command line as a fixture, where a test of planning follows a command that it names."""

from tests.analysis.cli.conftest import prunescope

__all__ = ["prunescope"]
