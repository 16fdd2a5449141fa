"""Do the answers of tagged probes on the public path show that the weights are in force?"""

import math
from collections.abc import Mapping

from cutover.decide.live import Split
from cutover.decide.model import SCALE, Weights
from cutover.decide.statistics import at_least, at_most
from infra.outputs import SLOTS, Slot

LEAST_PROBES = 50
MOST_PROBES = 2000
# One side of a normal distribution beyond four standard deviations, erfc(4 / sqrt 2) / 2. Weights
# that are in force are taken for others in at most 6.4e-5 of looks, and then probed again.
SURPRISE = 3.2e-5
# The chance that no probe of a full shift meets a balancer that still splits as before.
OVERLOOKED = 1e-4


def probes_needed(before: int, after: int) -> int:
    """How many probes tell the split after a shift from the one before; percent of one slot.

    To a partial share: what is expected of both splits lies four standard deviations of each
    apart, 16 (sqrt(b(100-b)) + sqrt(a(100-a)))^2 / (a-b)^2. To 0 or 100: so many that a share of
    k percent which did not move would show with probability 1 - OVERLOOKED, log(OVERLOOKED) /
    log(1 - k/100). At least LEAST_PROBES; at most MOST_PROBES, which are too few for a step that
    is narrower than nine percent near an even split. Enough of them take the split before for the
    one after in at most 5e-4 of looks; a balancer of which a part has followed is between the two.
    """
    if before == after:
        return LEAST_PROBES
    if after in (0, SCALE):
        stayed = (SCALE - abs(after - before)) / SCALE
        needed = math.log(OVERLOOKED) / math.log(stayed) if stayed else LEAST_PROBES
    else:
        old, new = before * (SCALE - before), after * (SCALE - after)
        needed = 16 * (old + new + 2 * math.sqrt(old * new)) / (after - before) ** 2
    return min(max(math.ceil(needed), LEAST_PROBES), MOST_PROBES)


def shows(split: Split, *, releases: Mapping[Slot, str], weights: Weights) -> tuple[bool, str]:
    """Whether the weights are in force, and the evidence for the journal.

    `releases` has what runs in each slot that was ever filled. A full shift is shown when every
    probe was answered by its release. A partial one is shown when at most one answer in a hundred
    is of no known release, and the split of the others is not rarer than SURPRISE on either side.
    """
    different = set(releases.values())
    if len(different) < len(releases):
        return False, f"both slots run {different.pop()}: probes can't tell them apart"
    served: list[Slot] = [slot for slot in SLOTS if weights[slot]]
    asked = min(served, key=lambda slot: weights[slot])
    answers = {slot: split.answers.get(release, 0) for slot, release in releases.items()}
    known, right = sum(answers.values()), answers.get(asked, 0)
    strays = split.total - known
    if not known:
        return False, f"none of {split.total:,} probes was answered by a known release"
    evidence = (
        f"{right:,} of {split.total:,} probes ({right / split.total:.1%}) were answered by "
        f"{releases.get(asked, 'nobody')}; {weights[asked]} % asked"
    )
    if strays:
        evidence += f"; {strays:,} by no known release"
    if weights[asked] == SCALE:
        return right == split.total, evidence
    expected = weights[asked] / SCALE
    rarity = min(at_most(right, known, expected), at_least(right, known, expected))
    return rarity >= SURPRISE and strays * 100 <= split.total, evidence
