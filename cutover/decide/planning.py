"""What a run is going to do, before anything is touched."""

import dataclasses
from collections.abc import Mapping

from cutover.decide.destination import before
from cutover.decide.live import Service
from cutover.decide.model import (
    AS_USUAL,
    SCALE,
    Page,
    Plan,
    Release,
    Step,
    Terms,
    Verb,
    Weights,
    active,
    other,
)
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.decide.steps import (
    clear,
    fill,
    point,
    prepare,
    quiet,
    roll,
    shift,
    smoke,
    top_up,
    watch,
)
from infra.outputs import Slot


class NothingToDo(Exception):
    """There is nothing that the verb could work on. One sentence."""


def deploy(
    state: State,
    weights: Weights,
    services: Mapping[Slot, Service],
    release: Release,
    setting: Setting,
    terms: Terms = AS_USUAL,
) -> Plan:
    """The whole way of a release into the idle slot; into the weighted one of an EMPTY environment,
    where there is nobody to shift from."""
    if state.summary.committed is None:
        entering = active(weights)
        pointed = _pointed(entering, release.page)
        steps = [*prepare(entering, setting), shift(entering, SCALE), *pointed]
        tasks = setting.min_tasks
    else:
        leaving = active(state.summary.committed)
        entering = other(leaving)
        steps = [] if not services[entering].running else [quiet(entering, setting)]
        steps += prepare(entering, setting)
        for percent in setting.ladder_percent:
            # The bake watches the new frontend too.
            pointed = _pointed(entering, release.page) if percent == SCALE else []
            steps += [shift(entering, percent), *pointed, watch(entering, percent, setting)]
        if terms.retire:
            steps += clear(leaving, setting)
        tasks = max(services[leaving].desired, setting.min_tasks)
    return Plan(
        verb="deploy",
        entering=entering,
        steps=tuple(steps),
        tasks=tasks,
        floor=setting.min_tasks,
        release=release,
        despite_freeze="freeze" in terms.despite,
        despite_alarms="alarms" in terms.despite,
    )


def rollback(
    state: State,
    services: Mapping[Slot, Service] | None,
    setting: Setting,
    *,
    restore_first: bool = False,
    grow_first: bool = False,
) -> Plan:
    """All traffic to the release that served before, filled again if it was retired. That takes
    minutes: `restore_first` has the journal's weights set back before it. `grow_first` has
    a slot that is still warm brought to as many tasks as the other one wants by now.

    Of a split that was adopted, to the slot with more of it, if the other one can't be trusted.
    `services` is looked at only when the journal says that the slot was emptied. NothingToDo when
    there is no such release.
    """
    summary = state.summary
    if summary.committed is None:
        raise NothingToDo("no release was ever live here, so there is none to go back to")
    home = before(state, summary.committed)
    leaving = other(home)
    filled = summary.slots.get(home)
    if filled is None or not filled.trusted:
        live = summary.slots[leaving].release.release_id
        known = f"{home} holds {filled.release.release_id}, which" if filled else f"{home}"
        raise NothingToDo(
            f"{live} serves, and there is no release to go back to: {known} never served for good, "
            "or was gone back from; deploy another release"
        )
    tasks = filled.tasks
    steps = [top_up(home)] if grow_first else []
    if not filled.tasks:
        floor = setting.min_tasks
        tasks = max(services[leaving].desired, floor) if services else floor
        steps = [shift(leaving, SCALE)] if restore_first else []
        steps += [fill(home), smoke(home)]
    return Plan(
        verb="rollback",
        entering=home,
        steps=(*steps, shift(home, SCALE), *_pointed(home, _page_before(state, home))),
        tasks=tasks,
        floor=setting.min_tasks,
        release=filled.release,
    )


def unwatched(state: State, now: float, setting: Setting) -> bool:
    """Whether the last run that saw to it that both slots are as large is a while ago."""
    watched_until = state.summary.committed_at + setting.bake_seconds
    return now - watched_until > setting.unwatched_seconds


def outgrown(state: State, services: Mapping[Slot, Service], setting: Setting) -> bool:
    """Whether the warm slot that a rollback goes to has fewer tasks than the other one wants by
    now, and may have more: nobody has raised it since its own run."""
    committed = state.summary.committed
    if committed is None:
        return False
    home = before(state, committed)
    known, warm, serving = state.summary.slots.get(home), services[home], services[other(home)]
    same = known is not None and known.task_definition == warm.task_definition
    return same and 0 < warm.desired < min(serving.desired, setting.tasks_at_once)


def restore(state: State, setting: Setting) -> Plan:
    """All traffic to the slot that the journal left it with, whatever somebody else has set."""
    if state.summary.committed is None:
        raise NothingToDo("no release was ever live here, so the journal left no weights")
    serving = active(state.summary.committed)
    plan = _plan("rollback", serving, [shift(serving, SCALE)], state, setting)
    return dataclasses.replace(plan, release=state.summary.slots[serving].release)


def retire(state: State, setting: Setting) -> Plan:
    """The slot without traffic runs nothing. NothingToDo when both slots have some."""
    committed = state.summary.committed
    if committed is None or SCALE not in committed.values():
        raise NothingToDo("no slot is without traffic by the journal, so there is none to retire")
    serving = active(committed)
    return _plan("retire", serving, clear(other(serving), setting), state, setting)


def refresh(state: State, setting: Setting) -> Plan:
    """The active slot's tasks are replaced in place, so that they read their secrets again."""
    committed = state.summary.committed
    if committed is None or SCALE not in committed.values():
        raise NothingToDo("no slot has all of the traffic by the journal, so there is none to roll")
    serving = active(committed)
    return _plan("refresh", serving, [roll(serving)], state, setting)


def _pointed(slot: Slot, page: Page | None) -> list[Step]:
    return [point(slot, page)] if page else []


def _page_before(state: State, home: Slot) -> Page | None:
    """The page that was live with the slot's release; None when it still is, or there was none."""
    page = state.summary.pages.get(home)
    return page if page and page.sha256 and page != state.summary.page else None


def _plan(verb: Verb, serving: Slot, steps: list[Step], state: State, setting: Setting) -> Plan:
    return Plan(
        verb=verb,
        entering=serving,
        steps=tuple(steps),
        tasks=state.summary.slots[serving].tasks,
        floor=setting.min_tasks,
    )
