"""`python -m cutover VERB --stack STACK`."""

import sys

from cutover.say.cli import main
from cutover.say.streams import unbreakable

if __name__ == "__main__":
    unbreakable()
    sys.exit(main())
