"""What a configuration costs: targets, rates and series (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from probe.model.kinds import CHECKS
from probe.model.measurements import Phase, Reason
from probe.model.settings import Settings
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.wire.hostport import is_ipv4
from probe.wire.input_error import InputError

MAX_ECHOES_PER_S = 20_000.0
MAX_CONNECTIONS_PER_S = 200.0
# 24 bounds for each of 10,000 targets cost 4 s of CPU a scrape in prometheus-client.
MAX_TARGETS_WITH_HISTOGRAMS = 1000
_HISTOGRAM_SERIES = 24 + 3  # a bucket for each bound, +Inf, the sum and the count
_OWN_SERIES = 60  # of the agent itself: build, catalogue, lag, delay, reload


class ConfigError(InputError):
    """The configuration is wrong: see ``errors``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Of a whole configuration. A DNS query counts as a connection. ``series`` is an estimate."""

    targets: int
    checks: int
    echoes_per_s: float
    connections_per_s: float
    series: int


def describe(settings: Settings) -> Footprint:
    """What would be probed. Raises ConfigError over 1,000 targets: scrapes would stall."""
    targets = settings.targets
    if len(targets) > MAX_TARGETS_WITH_HISTOGRAMS:
        most = MAX_TARGETS_WITH_HISTOGRAMS
        message = f"{len(targets)} targets have histograms; a scrape bears those of {most}: use more agents"
        raise ConfigError((message,))
    echoes_per_s, connections_per_s = rates(targets)
    return Footprint(
        targets=len(targets),
        checks=sum(len(target.plans) for target in targets),
        echoes_per_s=echoes_per_s,
        connections_per_s=connections_per_s,
        series=_OWN_SERIES + sum(_series(target) for target in targets),
    )


def rates(targets: Sequence[Target]) -> tuple[float, float]:
    """Echoes a second, and connections and queries a second, of all targets together."""
    plans = [plan for target in targets for plan in target.plans]
    echoes = fsum(1 / plan.interval_s for plan in plans if plan.check is Check.ICMP)
    others = fsum(1 / plan.interval_s for plan in plans if plan.check is not Check.ICMP)
    return echoes, others


def _series(target: Target) -> int:
    survey = 5 if target.role is Role.REGION else 0
    return 1 + survey + sum(_series_of_check(target, plan) for plan in target.plans)


def _series_of_check(target: Target, plan: PlannedCheck) -> int:
    """Of the check, and of those that come with it."""
    together = [check for check in CHECKS if plan.check in (check, CHECKS[check].comes_with)]
    return sum(_series_of(target, check) for check in together)


def _series_of(target: Target, check: Check) -> int:
    """Interval, probes, two timestamps, skipped turns, each failure by reason; histograms; and its own.

    A round trip is one histogram, not that of its phase too.
    """
    kind = CHECKS[check]
    phases = len(kind.phases) - (Phase.RESOLVE in kind.phases and is_ipv4(target.host))
    distributions = phases + (kind.mode is not None)
    planned = 1 if kind.comes_with is None else 0
    return 4 + planned + len(Reason) + distributions * _HISTOGRAM_SERIES + kind.own_series
