"""What cutover is put through while requests never stop: good, bad and interrupted releases.

Each scenario says what it saw, and raises Unmet for what it should not have seen. They build on
each other, in the order of SCENARIOS.
"""

import time
from collections.abc import Callable

from cutover.decide.model import other
from cutover.decide.outcome import Exit
from infra.outputs import CALL_SECONDS, LEASE_SECONDS, takeover_seconds
from rehearsal.alb.balancer import PROPAGATION_SECONDS
from rehearsal.blame import Loss
from rehearsal.checks import expect
from rehearsal.faults import Fault
from rehearsal.rotation import rotated
from rehearsal.scene import Scene
from rehearsal.tool import Ended

# What a rollback by hand may cost beyond the propagation, once the program is loaded.
ROLLBACK_SECONDS, ROLLBACK_CALLS = 3.0, 10
DEPLOY_SECONDS = 90.0
TURNED = "the run goes back: "
# The watcher's term of a lease without a sign of life (infra/outputs.py), and as long again for a
# busy machine.
TOLD_SECONDS = 2 * takeover_seconds(LEASE_SECONDS, CALL_SECONDS)
# Time for the bake to have begun, and not to have ended.
INTO_THE_BAKE_SECONDS = 2.0
# Three failed checks, five seconds apart (infra/balancer.py), and a propagation each way.
NOTICED_SECONDS = 15.0 + 2 * PROPAGATION_SECONDS


def good_release(scene: Scene) -> str:
    """The whole ladder, and the old slot emptied."""
    ended = scene.deploy(scene.next_release())
    _expect_exit(ended, Exit.DONE)
    ladder = list(scene.environment.contract.policy.ladder_percent)
    seen = scene.shares(ended)
    expect(seen == ladder, f"requests met shares of {seen} % and not {ladder} %")
    expect(
        ended.seconds < DEPLOY_SECONDS,
        f"it took {ended.seconds:.0f} s; {DEPLOY_SECONDS:.0f} are allowed",
    )
    return f"{_percents(seen)} and retired in {ended.seconds:.0f} s: {ended.sentence}"


def rotation(scene: Scene) -> str:
    """Every login and key is replaced, refreshed, and replaced again."""
    return rotated(scene.environment)


def errors(scene: Scene) -> str:
    """5 % of its requests fail: the gates see it at the first share."""
    return _turned_back(scene, "errors")


def slow(scene: Scene) -> str:
    """Each answer takes half a second longer: the gates see that too."""
    return _turned_back(scene, "slow")


def crashing(scene: Scene) -> str:
    """Its tasks end at their start: nobody is ever sent there."""
    return _kept_out(scene, "crashing")


def unready(scene: Scene) -> str:
    """Its tasks run, and the balancer never finds one healthy: nobody is sent there either."""
    return _kept_out(scene, "unready")


def failing_migration(scene: Scene) -> str:
    """Its migration fails: nothing is filled, nothing moved."""
    return _kept_out(scene, "failing_migration")


def incompatible(scene: Scene) -> str:
    """It brings a schema that the live release can't live with: refused, nothing touched."""
    release, before = scene.next_release(), scene.definitions()
    ended = scene.still(
        lambda: scene.environment.deploy(release, "--schema-min", "1000", "--schema-max", "1000")
    )
    _expect_exit(ended, Exit.REFUSED)
    expect(scene.definitions() == before, "a task definition was registered")
    scene.kept_out.append(release)
    return f"refused in {ended.seconds:.1f} s: {ended.sentence}"


def runner_killed(scene: Scene) -> str:
    """SIGKILL half way up the ladder: the watcher tells people, and `resume` ends the run."""
    release = scene.next_release()
    command = scene.start(release, "--no-retire")
    entering = other(scene.environment.slot)
    scene.wait_for_share(entering, least=1)
    killed = command.kill()
    share = scene.share(entering)
    expect(killed.exit < 0, f"it had ended before it could be killed, with {killed.exit}")
    scene.environment.watch.wait_until(
        lambda: bool(scene.pages()),
        what="nobody was told of the dead runner",
        timeout_seconds=TOLD_SECONDS,
    )
    told_seconds = time.time() - killed.ended_at
    ended = scene.environment.note(scene.environment.tool.run("resume"))
    _expect_exit(ended, Exit.DONE)
    expect(scene.share(entering) == 100, f"{entering} has {scene.share(entering)} %")
    pages = scene.pages()
    expect(len(pages) == 1, f"people were told {len(pages)} times: {pages}")
    return (
        f"killed at {share} %, and people told {told_seconds:.0f} s later; resume went on to "
        f"100 % in {ended.seconds:.0f} s, the wait for the dead runner's lease included"
    )


def rollback_by_hand(scene: Scene) -> str:
    """One command, no gates: proven soon, with few calls."""
    home = other(scene.environment.slot)
    # What failed there is no way back, and what was emptied would first have to be filled.
    if not scene.environment.tasks(home) or scene.environment.releases[home] in scene.faulty:
        _expect_exit(scene.deploy(scene.next_release(), "--no-retire"), Exit.DONE)
        home = other(scene.environment.slot)
    ended = scene.environment.note(scene.environment.tool.run("rollback"))
    _expect_exit(ended, Exit.DONE)
    expect(scene.share(home) == 100, f"{home} has {scene.share(home)} %")
    in_force_at = scene.environment.weights()[-1].at
    propagation = in_force_at - max(c.at for c in ended.asked if c.at <= in_force_at)
    proven = ended.until("s3")  # the page goes back behind the proof, and takes its time
    rest = proven.seconds - ended.loading_seconds - propagation
    seen = (
        f"proven {proven.seconds:.1f} s after the command: {ended.loading_seconds:.1f} s to "
        f"load the program, {propagation:.1f} s of propagation and {rest:.1f} s for all else; "
        f"{proven.calls} API calls, and {ended.messages} messages to the alert topic; the page "
        f"was back after {ended.seconds:.1f} s"
    )
    expect(rest <= ROLLBACK_SECONDS and proven.calls <= ROLLBACK_CALLS, seen)
    return seen


def tasks_killed(scene: Scene) -> str:
    """All tasks of the slot that serves are killed during its bake: back to the old one."""
    release, home = scene.next_release(), scene.environment.slot
    entering = other(home)
    command = scene.start(release)
    scene.wait_for_share(entering, least=100)
    scene.environment.watch.pause(INTO_THE_BAKE_SECONDS)
    killed_at = time.time()
    killed = scene.environment.kill_tasks(entering)
    scene.losses.append(
        Loss(release=release, began_at=killed_at, ended_at=killed_at + NOTICED_SECONDS)
    )
    ended = scene.environment.note(command.wait())
    _expect_exit(ended, Exit.ROLLED_BACK)
    back = scene.environment.weights()[-1]
    expect(back.weights[home] == 100, f"the weights are {back.weights}")
    return (
        f"{killed} tasks killed; {home} had all of the traffic again "
        f"{back.at - killed_at:.1f} s later"
    )


SCENARIOS: tuple[tuple[str, Callable[[Scene], str]], ...] = (
    ("good-release", good_release),
    ("rotation", rotation),
    ("errors", errors),
    ("slow", slow),
    ("crashing", crashing),
    ("unready", unready),
    ("failing-migration", failing_migration),
    ("incompatible-schema", incompatible),
    ("runner-killed", runner_killed),
    ("rollback-by-hand", rollback_by_hand),
    ("tasks-killed", tasks_killed),
)


def _turned_back(scene: Scene, fault: Fault) -> str:
    release, home = scene.next_release(), scene.environment.slot
    scene.faulty[release] = fault
    ended = scene.deploy(release, fault=fault)
    _expect_exit(ended, Exit.ROLLED_BACK)
    shares = scene.shares(ended, entering=other(home))
    first = scene.environment.contract.policy.ladder_percent[0]
    expect(shares == [first, 0], f"requests met shares of {shares} %, not {first} % and 0")
    back_at = scene.environment.weights()[-1].at
    return (
        f"at {first} % for {back_at - scene.environment.weights()[-2].at:.0f} s, then rolled "
        f"back: {_why(ended)}"
    )


def _kept_out(scene: Scene, fault: Fault) -> str:
    release = scene.next_release()
    scene.kept_out.append(release)
    ended = scene.still(lambda: scene.environment.deploy(release, fault=fault))
    _expect_exit(ended, Exit.ROLLED_BACK)
    return f"given up after {ended.seconds:.0f} s: {_why(ended)}"


def _expect_exit(ended: Ended, wanted: Exit) -> None:
    expect(
        ended.exit == wanted,
        f"cutover {ended.verb} ended with {ended.exit} and not {wanted.value}: {ended.sentence}",
    )


def _percents(shares: list[int]) -> str:
    return ", ".join(f"{share} %" for share in shares)


def _why(ended: Ended) -> str:
    """Why it turned back, from its progress; else its last word."""
    said = [line.partition(TURNED)[2] for line in ended.output.splitlines() if TURNED in line]
    return said[0] if said else ended.sentence
