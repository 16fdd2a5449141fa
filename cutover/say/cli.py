"""The command line: parses, and leaves the rest to the module of each verb.

What a verb needs is imported by it alone: `--help` and a rollback must not wait for the rest.
"""

import sys

import typer
from typer.exceptions import TyperException

from cutover.say.commands import programs, releases, runs, views

HELP = """Moves production traffic between the blue and the green slot.

Exit codes: 0 done, after AWS was read again; 2 wrong input; 3 rolled back; 4 held, for a person to
look at; 5 refused, and something must be changed first; 6 the lease is somebody else's; 7 somebody
else has set the weights; 8 an invariant is broken, or the journal is; 9 interrupted; 10 AWS does
not answer, and the command may be given again; 11 done, but the answer could not be written; 1 a
defect of this program.

With --json, standard output has one object and nothing else: command, stack, exit, sentence, and
what --help of the verb names; `history` alone has one for each entry, and `guard` has none.
Progress and errors go to standard error. Credentials, region and AWS_ENDPOINT_URL are read as the
AWS CLI reads them; messages go to the environment's alert topic and to CUTOVER_WEBHOOK_URL.
"""

app = typer.Typer(
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (releases, runs, views, programs):
    app.add_typer(group.app)


def main() -> int:
    """Runs the verb that the arguments name and returns the exit code."""
    try:
        return app(prog_name="python -m cutover", standalone_mode=False) or 0
    except TyperException as error:
        from cutover.say.misuse import misused

        return misused(error, sys.argv[1:])
