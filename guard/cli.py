"""The command line: a preview in, a verdict out."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from guard import markdown, sentences
from guard.decide.rules import RULES
from guard.decide.verdict import judge
from guard.errors import NotAPlan
from guard.preview import read_preview

PASSES, REFUSED, USAGE, NO_PLAN = 0, 1, 2, 3
# A thousand resources take two or three megabytes.
MOST_CHARACTERS = 200_000_000

HELP = """Refuses a preview that would hurt what is serving.

PREVIEW is what `pulumi preview --json` printed; - is standard input.

Exit codes: 0 the plan passes; 1 a step is refused, and the line says how it is done on purpose;
2 wrong usage; 3 it is no plan that can be judged, such as a preview that failed or was cut off,
one of another stack, or one with a step that the guard does not know; or it passes, and the page
could not be written.
"""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(help=HELP)
def guard(
    preview: Annotated[str, typer.Argument(help="The preview as JSON.")],
    stack: Annotated[str, typer.Option(help="The stack that it must be of.")],
    allow: Annotated[
        list[str] | None,
        typer.Option(help="RULE:NAME, as a refusal prints it; may be given more than once."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it is part of the verdict.")] = "",
    file: Annotated[
        Path | None, typer.Option("--markdown", help="Write the verdict for a pull request too.")
    ] = None,
) -> int:
    allowances = _allowances(allow or [], reason)
    page = _Page(file)
    page.write("")  # what an earlier run wrote is no verdict of this one, should it be killed
    try:
        steps = read_preview(_text(preview), _named(preview), stack)
        verdict = judge(steps, allowances)
    except NotAPlan as error:
        page.write(markdown.no_plan(stack, str(error)))
        print(sentences.on_one_line(str(error)), file=sys.stderr)
        return NO_PLAN
    page.write(markdown.page(steps, verdict, stack=stack, reason=reason))
    for title, findings in (
        ("refused", verdict.refused),
        ("allowed", verdict.allowed),
        ("told", verdict.told),
    ):
        for finding in findings:
            print(sentences.on_one_line(f"{title}: {sentences.of_finding(finding)}"))
    for line in sentences.of_unused(verdict):
        print(sentences.on_one_line(line))
    print(sentences.on_one_line(sentences.of_verdict(verdict, stack, reason)), flush=True)
    if page.problem:
        print(sentences.on_one_line(page.problem), file=sys.stderr)
    if not verdict.passes:
        return REFUSED
    return NO_PLAN if page.problem else PASSES


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the command."""
    try:
        return app(args=arguments, prog_name="python -m guard", standalone_mode=False) or PASSES
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return USAGE
    except OSError as error:  # a full disk, or nobody left to read
        print(f"the machine refuses: {error}", file=sys.stderr)
        return NO_PLAN


def _allowances(given: list[str], reason: str) -> frozenset[str]:
    allowed = sorted(rule.id for rule in RULES.values() if rule.level == "refused")
    for key in given:
        rule, _, name = key.partition(":")
        if rule not in allowed or not name:
            raise typer.BadParameter(
                f"{key!r} can't be allowed; it must be RULE:NAME, as in edge:prod-https, with a "
                f"rule out of {', '.join(allowed)}"
            )
    if given and not reason.strip():
        raise typer.BadParameter("--allow needs a --reason: why is it right this time?")
    return frozenset(given)


def _text(preview: str) -> str:
    try:
        if preview == "-":
            text = sys.stdin.read(MOST_CHARACTERS + 1)
        else:
            with Path(preview).open(encoding="utf-8") as file:
                text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise NotAPlan(f"the preview {preview} can't be read: {error}") from None
    if len(text) > MOST_CHARACTERS:
        raise NotAPlan(
            f"{_named(preview)} has more than {MOST_CHARACTERS:,} characters, and no preview has; "
            "give what `pulumi preview --json` printed"
        )
    return text


def _named(preview: str) -> str:
    return "standard input" if preview == "-" else preview


class _Page:
    """The verdict for a pull request, where one is asked for. `problem` is why it could not be
    written, a sentence: the verdict is printed all the same."""

    def __init__(self, path: Path | None) -> None:
        self._path, self.problem = path, ""

    def write(self, text: str) -> None:
        if self._path is None:
            return
        try:
            self._path.write_text(text, encoding="utf-8")
        except OSError as error:
            self.problem = (
                f"the page {self._path} can't be written ({error.strerror}); give --markdown a "
                "file in a folder that is there and takes it"
            )
