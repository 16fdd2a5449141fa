"""`python -m drills VERB --stack STACK`."""

import sys

from scripts.packages import needed

if __name__ == "__main__":
    with needed("drills"):
        from drills.say.cli import main
    sys.exit(main())
