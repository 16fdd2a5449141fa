"""What `pulumi up` in this folder runs."""

import sys
from pathlib import Path

# The engine runs this folder as a program: the project around it is not on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bootstrap.account import account

account()
