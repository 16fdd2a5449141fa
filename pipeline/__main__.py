"""`python -m pipeline VERB`."""

import sys

from scripts.packages import needed

if __name__ == "__main__":
    with needed("pipeline"):
        from pipeline.cli import main
    sys.exit(main())
