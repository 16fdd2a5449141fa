"""`python -m rehearsal VERB [STACK]`."""

import sys

from scripts.packages import needed

if __name__ == "__main__":
    with needed("rehearsal"):
        from rehearsal.cli import main
    sys.exit(main())
