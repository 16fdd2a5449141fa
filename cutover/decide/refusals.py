"""Why a deploy may not begin: every reason at once, before anything is touched."""

from collections.abc import Iterator, Mapping

from cutover.decide.alarms import unquiet
from cutover.decide.destination import before, promise
from cutover.decide.freeze import frozen
from cutover.decide.live import Health, Service
from cutover.decide.model import SCALE, Plan, Release, Weights, active, other, said
from cutover.decide.setting import Setting
from cutover.decide.state import State
from infra.outputs import SLOTS, Slot


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
    stop = frozen(summary, setting.freeze_windows, now)
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


def _alarm_refusals(state: State, states: Mapping[str, str], setting: Setting) -> list[str]:
    """Of the environment and of the slot that serves: an idle one's may be what is to be mended."""
    names, committed = set(setting.alarms.environment), state.summary.committed
    if committed is not None:
        names |= {*setting.alarms.slots[active(committed)].values()}
    seen = [f"alarm {name} is {is_}" for name, is_ in unquiet(names, states).items()]
    despite = "; `--despite-alarms` with a reason goes on all the same"
    return [", ".join(seen) + despite] if seen else []


def _schema_refusals(state: State, release: Release, live: Release | None) -> list[str]:
    before = state.summary.schema
    schema, found = release.schema_after(before), list[str]()
    if not release.lives_with(schema):
        found.append(f"release {release.release_id} {release.schema_said(before)}")
    if live and not live.lives_with(schema):
        found.append(
            f"release {release.release_id} migrates the schema to {schema}, and "
            f"{live.release_id}, which is live, ends at {live.schema_max}: deploy a release that "
            "lives with both first"
        )
    return found
