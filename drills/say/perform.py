"""From a stack's name to a signed report: what every drill has in common."""

import datetime
from collections.abc import Callable
from pathlib import Path

from drills.decide.report import Report
from drills.do.aws import Aws
from drills.do.contract import read_contract
from drills.do.errors import BadInput
from drills.do.place import Clock
from drills.do.restore import Found
from drills.do.scratch import ID_FORMAT
from drills.do.signing import write_signed
from infra.drill_outputs import DrillContract

Drill = Callable[[Aws, DrillContract, str], Found]


def perform(
    drill: str, stack: str, *, confirm: str | None, directory: Path, clock: Clock, act: Drill
) -> tuple[Report, Path]:
    """Asks for what is missing before anything is changed, acts, and writes the report.

    `act` takes the drill's id, which names what it creates.
    """
    aws = Aws()
    contract = read_contract(aws, stack)
    _refuse_unconfirmed(contract, confirm)
    _refuse_unwritable(directory)
    started_at = clock.now()
    moment = datetime.datetime.fromtimestamp(started_at, datetime.UTC)
    drill_id = moment.strftime(ID_FORMAT)
    found = act(aws, contract, drill_id)
    report = Report(
        drill=drill,
        environment=stack,
        place="aws",
        drill_id=drill_id,
        started_at=started_at,
        ended_at=clock.now(),
        restored_to=found.restored_to,
        figures=found.figures,
        checks=found.checks,
    )
    return report, write_signed(aws, contract.signing_key, report, directory)


def _refuse_unconfirmed(contract: DrillContract, confirm: str | None) -> None:
    if confirm not in (None, contract.environment) or (contract.protected and confirm is None):
        given = "" if confirm is None else f", and not {confirm!r}"
        raise BadInput(
            f"{contract.environment} is not drilled unasked: it costs money and reads every row; "
            f"say so with --confirm {contract.environment}{given}. Nothing was changed"
        )


def _refuse_unwritable(directory: Path) -> None:
    probe = directory / ".drill"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            f"no report can be written to {directory} ({error.strerror}); choose another with "
            "--report-dir. Nothing was changed"
        ) from None
