"""Before a deploy: what it would do now, and what stands against it."""

from cutover.decide import planning, pointer
from cutover.decide.model import AS_USUAL, Plan, Release, Terms
from cutover.decide.refusals import refusals
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.world import Clock, World, health_of_both


class Preflight:
    """Reads, and changes nothing."""

    def __init__(self, world: World, clock: Clock, setting: Setting) -> None:
        self._world, self._clock, self._setting = world, clock, setting

    def plan(self, state: State, release: Release, terms: Terms = AS_USUAL) -> Plan:
        """What a deploy would do now."""
        weights, services = self._world.weights(), self._world.services()
        return planning.deploy(state, weights, services, release, self._setting, terms)

    def refusals(self, state: State, plan: Plan) -> tuple[str, ...]:
        """Why it would not begin now, a sentence each."""
        world = self._world
        found = refusals(
            state,
            world.weights(),
            world.services(),
            health_of_both(world),
            world.alarms(),
            plan,
            self._clock.now(),
            self._setting,
        )
        if plan.release and not world.image_exists(plan.release.image):
            found = (*found, f"there is no image {plan.release.image}; build and push it first")
        if plan.release and plan.release.page:
            refusal = pointer.refusal(state, plan.release.page, world.index())
            found = (*found, refusal) if refusal else found
        return found
