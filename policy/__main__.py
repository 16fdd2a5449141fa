"""What the engine starts; it serves the policies until the preview or update ends."""

import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The engine runs this folder as a program: the project around it is not on the path.
sys.path.insert(0, str(ROOT))

from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: E402

from policy.pack import Pack  # noqa: E402

PolicyPack(
    name="slipway",
    policies=Pack(root=ROOT, today=datetime.now(UTC).date()).policies(),
    enforcement_level=EnforcementLevel.MANDATORY,
)
