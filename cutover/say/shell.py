"""`shell`: a command in a task of its own, beside what is live."""

import sys
from collections.abc import Sequence

from cutover.decide.live import TaskStatus
from cutover.decide.model import active
from cutover.decide.outcome import Exit
from cutover.do.logs import log_stream
from cutover.do.world import Refused, Unavailable
from cutover.say import wiring
from cutover.say.answer import Answer
from cutover.say.interrupts import Interrupts, interrupts_noted
from cutover.say.job import order_of
from cutover.say.wiring import Environment


def shell(stack: str, command: Sequence[str]) -> Answer:
    """Starts it from the active slot's task definition, and waits for its end.

    The exit code is the command's own; REFUSED when it never ran, INTERRUPTED when a signal came
    first, and then the task goes on.
    """
    order = order_of("shell", None)
    environment = wiring.open_environment(stack, order.run)
    if environment.store.read().state.summary.committed is None:
        raise Refused("no release is live here, so there is nothing to run a command beside")
    world = environment.world
    definition = world.services()[active(world.weights())].task_definition
    try:
        task = world.start_shell(definition, command, order.run)
        stream = log_stream(environment.clients, environment.contract, definition, task)
    except Unavailable as error:
        tasks = f"`aws ecs list-tasks --cluster {environment.contract.cluster}`"
        raise Unavailable(
            f"{error}; it may run all the same: look for its task with {tasks}, and give the same "
            "command again only if there is none"
        ) from error
    output = f"aws logs tail {stream}" if stream else "no log group takes its output"
    print(f"{task}: {output}", file=sys.stderr)
    with interrupts_noted() as interrupts:
        ended = _wait(environment, task, interrupts)
    data = {"task": task, "logs": stream, "task_exit_code": ended.exit_code if ended else None}
    if ended is None:
        sentence = f"interrupted; task {task} goes on"
        return Answer(exit=Exit.INTERRUPTED, sentence=sentence, data=data)
    if ended.exit_code is None:
        sentence = f"the command never ran: {ended.reason or 'ECS gives no reason'}"
        return Answer(exit=Exit.REFUSED, sentence=sentence, data=data)
    sentence = f"the command ended with exit code {ended.exit_code}"
    return Answer(exit=ended.exit_code, sentence=sentence, data=data)


def _wait(environment: Environment, task: str, interrupts: Interrupts) -> TaskStatus | None:
    """How the task ended; None when a signal came first."""
    while not interrupts:
        try:
            seen = environment.world.task(task)
            if seen.stopped:
                return seen
        except Unavailable as error:
            print(f"{error}; trying again", file=sys.stderr)
        environment.clock.sleep(environment.setting.poll_seconds)
    return None
