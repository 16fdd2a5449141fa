"""Exact binomial probabilities, summed in logarithms: no normal approximation at small counts."""

import math


def at_most(successes: int, trials: int, share: float) -> float:
    """P(X <= successes) for X ~ Binomial(trials, share); 0 < share < 1.

    Wrong by less than 1e-7 up to ten million trials: the error of `math.lgamma` there.
    """
    return math.fsum(_exactly(count, trials, share) for count in range(successes + 1))


def at_least(successes: int, trials: int, share: float) -> float:
    """P(X >= successes), as `at_most`."""
    return 1 - at_most(successes - 1, trials, share)


def _exactly(successes: int, trials: int, share: float) -> float:
    failures = trials - successes
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(failures + 1)
    return math.exp(ways + successes * math.log(share) + failures * math.log1p(-share))
