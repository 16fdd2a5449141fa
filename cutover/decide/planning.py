"""What a run is going to do, before anything is touched; and what stands against it."""

import dataclasses
from collections.abc import Iterator, Mapping

from cutover.decide.alarms import unquiet
from cutover.decide.destination import before, promise
from cutover.decide.freeze import frozen
from cutover.decide.holding import said
from cutover.decide.journal import State
from cutover.decide.live import Health, Service
from cutover.decide.model import (
    SCALE,
    Page,
    Plan,
    Release,
    Setting,
    Step,
    Verb,
    Weights,
    active,
    other,
)
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
from infra.outputs import SLOTS, Slot


class NothingToDo(Exception):
    """There is nothing that the verb could work on. One sentence."""


def deploy(
    state: State,
    weights: Weights,
    services: Mapping[Slot, Service],
    release: Release,
    setting: Setting,
    *,
    despite_freeze: bool = False,
    despite_alarms: bool = False,
    retire: bool = True,
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
        if retire:
            steps += clear(leaving, setting)
        tasks = max(services[leaving].desired, setting.min_tasks)
    return Plan(
        verb="deploy",
        entering=entering,
        steps=tuple(steps),
        tasks=tasks,
        floor=setting.min_tasks,
        release=release,
        despite_freeze=despite_freeze,
        despite_alarms=despite_alarms,
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


def refusals(
    state: State,
    weights: Weights,
    services: Mapping[Slot, Service],
    health: Mapping[Slot, Health],
    alarms: Mapping[str, str],
    plan: Plan,
    now: float,
    setting: Setting,
) -> tuple[str, ...]:
    """Every reason why this deploy may not begin, as sentences; none when it may."""
    summary, found = state.summary, list[str]()
    release = plan.release
    if state.run:
        found.append(
            f"run {state.run.id} is open; `cutover resume`, `cutover rollback` or `cutover abort` "
            "ends it"
        )
    if not plan.despite_alarms:
        found += _alarm_refusals(state, alarms, setting)
    stop = frozen(setting.freeze_windows, now, stop=summary.frozen, stop_until=summary.frozen_until)
    if stop and not plan.despite_freeze:
        found.append(f"{stop}; `--despite-freeze` with a reason goes on all the same")
    if summary.committed is None:
        running = [slot for slot in SLOTS if services[slot].running or services[slot].desired]
        found += [
            f"{slot} runs tasks, and the journal knows of no release: restore the journal's table "
            "to a point in time, or scale the service to 0"
            for slot in running
        ]
        found += _schema_refusals(state, release, None) if release else []
        return tuple(found)
    if weights != summary.committed:
        found.append(
            f"the weights are {said(weights)}, and the journal left {said(summary.committed)}; "
            f"`cutover verify --adopt` takes them as they are, {promise(state)}"
        )
        return tuple(found)
    if SCALE not in weights.values():
        found.append(
            f"both slots have traffic ({said(weights)}), and a deploy begins with one that has "
            f"none: `cutover rollback` gives all of it to {before(state, weights)}"
        )
        return tuple(found)
    leaving = other(plan.entering)
    live = summary.slots[leaving]
    if health[leaving].healthy < max(1, services[leaving].desired):
        found.append(
            f"{health[leaving].healthy} of the {services[leaving].desired} tasks of {leaving}, "
            "which serves, are healthy"
        )
    if release and release.release_id == live.release.release_id:
        found.append(
            f"release {release.release_id} is live already; probes tell releases apart by their "
            "id: give this one another"
        )
    if release:
        found += _schema_refusals(state, release, live.release)
    found += _headroom_refusals(services, plan, setting)
    if plan.tasks > setting.max_tasks:
        found.append(f"{plan.tasks} tasks are wanted, and {setting.max_tasks} are allowed")
    return tuple(found)


def _headroom_refusals(
    services: Mapping[Slot, Service], plan: Plan, setting: Setting
) -> Iterator[str]:
    """Connections of all the tasks that may run at once. ECS stops what the entering slot still
    runs only when the new tasks are healthy (at least 100 % healthy, infra/service.py)."""
    entering, leaving = plan.entering, other(plan.entering)
    serving, stale = _tasks(services[leaving]), _tasks(services[entering])
    connections = (serving + stale + plan.tasks) * setting.connections_per_task
    if setting.max_connections and connections > setting.max_connections:
        empty = f"empty {entering} first with `cutover retire`, " if stale else ""
        yield (
            f"{serving} tasks of {leaving}, {stale} that {entering} still runs and {plan.tasks} "
            f"new ones, {setting.connections_per_task} connections each, may open {connections}, "
            f"and the database takes {setting.max_connections}: {empty}lower pgbouncer/pool_size, "
            "or take a larger instance class"
        )


def _tasks(service: Service) -> int:
    return max(service.desired, service.running)


def schema_after(state: State, release: Release) -> int:
    """The live schema's version once the release has migrated."""
    return max(state.summary.schema, release.schema_min)


def _alarm_refusals(state: State, states: Mapping[str, str], setting: Setting) -> list[str]:
    """Of the environment and of the slot that serves: an idle one's may be what is to be mended."""
    names, committed = set(setting.alarms.environment), state.summary.committed
    if committed is not None:
        names |= {*setting.alarms.slots[active(committed)].values()}
    seen = [f"alarm {name} is {is_}" for name, is_ in unquiet(names, states).items()]
    despite = "; `--despite-alarms` with a reason goes on all the same"
    return [", ".join(seen) + despite] if seen else []


def _schema_refusals(state: State, release: Release, live: Release | None) -> list[str]:
    schema = schema_after(state, release)
    found: list[str] = []
    if not release.lives_with(schema):
        found.append(
            f"release {release.release_id} lives with schema {release.schema_min} to "
            f"{release.schema_max}, and the live one is {state.summary.schema}"
        )
    if live and not live.lives_with(schema):
        found.append(
            f"release {release.release_id} migrates the schema to {schema}, and "
            f"{live.release_id}, which is live, ends at {live.schema_max}: deploy a release that "
            "lives with both first"
        )
    return found


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
