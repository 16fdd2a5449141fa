"""`python -m drills VERB --stack STACK`."""

import sys

from drills.say.cli import main

if __name__ == "__main__":
    sys.exit(main())
