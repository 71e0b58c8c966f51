"""Run the command line as ``python -m prunescope.cli``."""

from prunescope.cli.app import main

if __name__ == "__main__":
    main()
