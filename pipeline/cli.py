"""The command line: parses, and leaves the rest to a module of each verb.

0 done, 1 refused or failed, 2 wrong usage; `guard` ends with the codes of `python -m guard`.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from costs.errors import CostError
from pipeline import artifacts
from pipeline.errors import PipelineError
from pipeline.options import Page, Stack, target_of
from rehearsal.errors import RehearsalError

app = typer.Typer(
    help="What the workflows run where no tool that is there already would do.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(artifacts.app)


@app.command()
def target(stack: Stack) -> None:
    """What a job must know of an environment, as outputs of a step."""
    print("\n".join(target_of(stack).lines()))


@app.command()
def plan(
    plan: Annotated[Path, typer.Argument(help="A plan as JSON.")],
    against: Annotated[Path, typer.Option(help="The plan of the branch that it goes to.")],
    markdown: Page,
) -> None:
    """What a plan would change and cost, as a page."""
    from costs.estimate import Estimate, estimate
    from costs.plan import read_plan
    from costs.prices import read_prices, read_usage
    from pipeline.plan_page import page

    def priced(text: str, path: Path) -> Estimate:
        found = read_plan(text, path.name)
        return estimate(found, read_prices(), read_usage(found.environment))

    text = plan.read_text()
    base = against.read_text() if against.exists() else ""
    now, before = priced(text, plan), priced(base, against) if base else None
    markdown.write_text(page(json.loads(text), now, json.loads(base) if base else None, before))


@app.command()
def guard(
    preview: Annotated[str, typer.Argument(help="What `pulumi preview --json` printed.")],
    stack: Stack,
    markdown: Page,
) -> int:
    """The guard's verdict, with what the pull request allows by label and reason.

    PULL_REQUEST is its number; without one it is the one that brought GITHUB_SHA.
    """
    from guard.cli import main as judge
    from pipeline.allowances import arguments
    from pipeline.github import pull_requests

    pulls = pull_requests(
        os.environ["GITHUB_REPOSITORY"],
        number=os.environ.get("PULL_REQUEST", ""),
        commit=os.environ["GITHUB_SHA"],
    )
    options = ["--stack", stack, "--markdown", str(markdown)]
    return judge([preview, *options, *arguments(pulls)])


@app.command()
def smoke(
    url: Annotated[str, typer.Argument(help="https:// and the public name.")],
    release: Annotated[str, typer.Option(help="Who must answer.")],
) -> None:
    """Look at a release from outside."""
    from pipeline import smoke as looks

    found = looks.problems(url, release, looks.get, time.sleep)
    if found:
        raise PipelineError("; ".join(found))
    print(f"{url} is answered by {release}")


@app.command()
def summary(
    stack: Stack,
    answer: Annotated[Path, typer.Argument(help="What `cutover deploy --json` printed.")],
    history: Annotated[Path, typer.Option(help="What `cutover history` printed.")],
) -> None:
    """A cutover's answer and its journal, as a page."""
    from pipeline.summary import page

    texts = [path.read_text() if path.exists() else "" for path in (answer, history)]
    print(page(*texts, stack=stack))


def main(arguments: list[str] | None = None) -> int:
    """Runs the verb that the arguments name and returns the exit code."""
    try:
        return app(args=arguments, prog_name="python -m pipeline", standalone_mode=False) or 0
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, or a file that is not there
        print(f"the machine refuses: {error}", file=sys.stderr)
        return 1
    except (PipelineError, RehearsalError, CostError) as error:
        print(error, file=sys.stderr)
        return 1
