"""What several verbs take on the command line."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.target import Target
from rehearsal.stack_file import stack_config

Stack = Annotated[str, typer.Option("--stack", help="Which Pulumi.STACK.yaml.", metavar="STACK")]
Page = Annotated[Path, typer.Option("--markdown", help="Where to write the page.", metavar="FILE")]


def target_of(stack: str) -> Target:
    """From the stack's own file; RehearsalError or PipelineError when it is no good."""
    return Target.of(stack, stack_config(stack))
