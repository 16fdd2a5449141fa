"""`python -m cutover VERB --stack STACK`."""

import sys

from cutover.say.cli import main

if __name__ == "__main__":
    sys.exit(main())
