"""The numbers that the gates judge by."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a slot may do, and how sure a verdict must be. Seconds, ratios of 1."""

    min_requests: int = 100
    """No verdict on errors or latency below; of a release that fails 5 %, so many requests show at
    least one error with probability 0.994. Kayenta asks for 50 points and calls it the least."""
    tolerated_error_ratio: float = 0.001
    """The SLO, which the contract says: as a rule 99.9 % of requests are answered."""
    certain: float = 1e-4
    """Errors that the SLO makes rarer than this fail. The gate is asked again and again, and each
    look is two more chances to be wrong, one for users and one for probes: a good release is turned
    back in at most 1 % of runs of 50 looks at new data (Bonferroni), which at one data point a
    minute are 50 minutes."""
    doubtful: float = 0.05
    """Errors that the SLO makes rarer than this don't pass, and excuse the other slot."""
    latency_seconds: float = 0.2
    """The SLO likewise. Compared with the mean, which one slow request in twenty leaves alone."""
    latency_factor: float = 1.5
    latency_margin_seconds: float = 0.05
    """Beside a slow slot this factor and margin of its mean are allowed. Our own choice; no
    vendor gives one."""
    stale_seconds: float = 240
    """The balancer sends its metrics each minute, stamped with the minute's begin (ELB user guide,
    CloudWatch metrics): the newest is 2 minutes old before the next is there, and may be late."""


DEFAULT_LIMITS = Limits()
