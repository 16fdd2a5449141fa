"""Whose fault is a failed request? Only a release that is meant to fail, and a loss, excuse one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rehearsal.traffic.tally import Record


@dataclass(frozen=True, kw_only=True)
class Loss:
    """All tasks of a release were killed, and for so long requests may fail. Epoch seconds."""

    release: str
    began_at: float
    ended_at: float


@dataclass(frozen=True, kw_only=True)
class Excuse:
    """So many failed requests are no surprise; the reason completes "12 requests failed …"."""

    failed: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`unexcused` are failed requests that nothing explains: there must be none."""

    excuses: tuple[Excuse, ...]
    unexcused: tuple[Record, ...]


def judge(
    started_at: float,
    records: Iterable[Record],
    *,
    faulty: Mapping[str, str],
    losses: Sequence[Loss],
) -> Verdict:
    """What became of a load that started then, in epoch seconds.

    `faulty` has each faulty release's fault: such a release excuses what it has answered itself.
    A loss excuses what was under way in its time and was answered by nobody, or by that release.
    """
    own: dict[str, int] = dict.fromkeys(faulty, 0)
    lost: list[list[Record]] = [[] for _ in losses]
    unexcused: list[Record] = []
    for record in records:
        if not record.reason:
            continue
        met = (n for n, loss in enumerate(losses) if _met(record, loss, started_at))
        if record.release in own:
            own[record.release] += 1
        elif (number := next(met, None)) is not None:
            lost[number].append(record)
        else:
            unexcused.append(record)
    excuses = [
        Excuse(failed=failed, reason=f"at {release}, which has the fault {faulty[release]}")
        for release, failed in own.items()
        if failed
    ]
    for loss, of_it in zip(losses, lost, strict=True):
        if of_it:
            last = started_at + max(record.at for record in of_it) - loss.began_at
            excuses.append(
                Excuse(
                    failed=len(of_it),
                    reason=f"under way or sent in the {max(last, 0.0):.1f} s after all tasks of "
                    f"{loss.release} were killed",
                )
            )
    return Verdict(excuses=tuple(excuses), unexcused=tuple(unexcused))


def _met(record: Record, loss: Loss, started_at: float) -> bool:
    return (
        record.release in (None, loss.release)
        and started_at + record.at <= loss.ended_at
        and started_at + record.ended_at >= loss.began_at
    )
