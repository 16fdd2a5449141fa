"""`python -m costs PLAN [--against PLAN]`."""

import sys

from scripts.packages import needed

if __name__ == "__main__":
    with needed("costs"):
        from costs.cli import main
    sys.exit(main())
