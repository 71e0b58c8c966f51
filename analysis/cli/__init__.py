"""The command line: the only room that prints and parses arguments."""

from prunescope.cli.app import main

__all__ = ["main"]
