"""`python -m guard PREVIEW --stack STACK`."""

import sys

from scripts.packages import needed

if __name__ == "__main__":
    with needed("guard"):
        from guard.cli import main
    sys.exit(main())
