"""One environment on AWS, as the loop sees it."""

from cutover.do.balancer import Balancer
from cutover.do.clients import Clients
from cutover.do.fence import Fence
from cutover.do.frontend import Frontend
from cutover.do.images import Images
from cutover.do.metrics import Metrics
from cutover.do.one_off import OneOffTasks
from cutover.do.probes import Probes
from cutover.do.slots import Slots
from cutover.do.world import Clock
from infra.outputs import Contract


class AwsWorld:
    """World by the contract alone, for one run: nothing is looked up by name."""

    def __init__(self, clients: Clients, contract: Contract, *, run: str, clock: Clock) -> None:
        fence = Fence(clients, contract.weights_role, run=run, clock=clock)

        balancer = Balancer(clients, contract, fence)
        self.weights = balancer.weights
        self.set_weights = balancer.set_weights
        self.health = balancer.health

        slots = Slots(clients, contract, fence)
        self.services = slots.services
        self.register = slots.register
        self.fill = slots.fill
        self.scale_in = slots.scale_in
        self.roll = slots.roll

        one_off = OneOffTasks(clients, contract)
        self.start_migration = one_off.start_migration
        self.migration = one_off.migration
        self.start_shell = one_off.start_shell
        self.task = one_off.task

        probes = Probes(clients, contract, clock=clock)
        self.smoke = probes.smoke
        self.split = probes.split
        self.shown = probes.shown

        frontend = Frontend(clients, contract, fence)
        self.page = frontend.page
        self.index = frontend.index
        self.point = frontend.point

        metrics = Metrics(clients, contract, clock=clock, probed=probes.sent)
        self.alarms = metrics.alarms
        self.samples = metrics.samples

        self.image_exists = Images(clients).image_exists
