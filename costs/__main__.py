"""`python -m costs PLAN [--against PLAN]`."""

import sys

from costs.cli import main

if __name__ == "__main__":
    sys.exit(main())
