"""The load of a configuration: numbers of targets, probes per second and time series (pure)."""

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
# Measured with prometheus-client: 24 buckets for each of 10,000 targets cost 4 s of CPU per scrape.
MAX_TARGETS_WITH_HISTOGRAMS = 1000
_HISTOGRAM_SERIES = 24 + 3  # a bucket per bound, +Inf, the sum and the count
# Measured: an endpoint service with one load balancer in two zones, and one target group.
CALLS_PER_AUDIT = 19
_SERIES_OF_AWS_CALLS = 22 * (1 + 10)  # each IAM action, and its failures by reason
# Connection state and error, record states, ages; what KMS measured; then four outcomes per requirement of
# the account.
_SERIES_OF_FACTS = (5 + 11 + 2 * 11 + 4) + (3 + 14) + 4 * 42
_HISTORY_ROW_BYTES = 45  # measured: a minute of one check, with its share of the pages' free space
_MINUTES_PER_DAY, _DAY_S = 1440, 86400.0
# Series about the agent itself: build, catalogue, lag, delay, reload; responses and rejections of its page.
_OWN_SERIES = 60 + (11 * 10 + 5)


class ConfigError(InputError):
    """The configuration has errors; ``errors`` lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The load of a configuration. A DNS query counts as a connection; the last three are estimates.

    ``aws_calls_per_hour`` is for an ordinary account; more load balancers mean more calls.
    """

    targets: int
    checks: int
    echoes_per_s: float
    connections_per_s: float
    series: int
    history_bytes_per_day: int
    aws_calls_per_hour: float = 0.0


def describe(settings: Settings) -> Footprint:
    """The load of ``settings``. Raises ConfigError over 1,000 targets: scrapes would become too slow."""
    targets = settings.targets
    if len(targets) > MAX_TARGETS_WITH_HISTOGRAMS:
        message = (
            f"{len(targets):,} targets, but the maximum is {MAX_TARGETS_WITH_HISTOGRAMS:,}: each has several "
            "histograms, and scrapes would become too slow; split the targets among several agents"
        )
        raise ConfigError((message,))
    echoes_per_s, connections_per_s = rates(targets)
    return Footprint(
        targets=len(targets),
        checks=sum(len(target.plans) for target in targets),
        echoes_per_s=echoes_per_s,
        connections_per_s=connections_per_s,
        series=_OWN_SERIES + sum(_series(target) for target in targets) + _series_of_facts(settings),
        history_bytes_per_day=round(_HISTORY_ROW_BYTES * fsum(map(_rows_per_day, targets))),
        aws_calls_per_hour=len(settings.discovered)
        * CALLS_PER_AUDIT
        * 3600
        / settings.refresh.audit_interval_s,
    )


def rates(targets: Sequence[Target]) -> tuple[float, float]:
    """Pings per second, and connections plus DNS queries per second, of all targets together."""
    plans = [plan for target in targets for plan in target.plans]
    echoes = fsum(1 / plan.interval_s for plan in plans if plan.check is Check.ICMP)
    others = fsum(1 / plan.interval_s for plan in plans if plan.check is not Check.ICMP)
    return echoes, others


def _series_of_facts(settings: Settings) -> int:
    """AWS calls by reason once, and facts and outcomes of each discovered key store."""
    stores = len(settings.discovered)
    return (_SERIES_OF_AWS_CALLS if stores else 0) + stores * _SERIES_OF_FACTS


def _rows_per_day(target: Target) -> float:
    """Minutes in which a check of the target starts; failures come in addition."""
    return fsum(
        min(_MINUTES_PER_DAY, _DAY_S / plan.interval_s) * len(_checks_of(plan)) for plan in target.plans
    )


def _series(target: Target) -> int:
    survey = 5 if target.role is Role.REGION else 0
    return 1 + survey + sum(_series_of_check(target, plan) for plan in target.plans)


def _series_of_check(target: Target, plan: PlannedCheck) -> int:
    """Series of the check and of the checks that come with it."""
    return sum(_series_of(target, check) for check in _checks_of(plan))


def _checks_of(plan: PlannedCheck) -> list[Check]:
    return [check for check in CHECKS if plan.check in (check, CHECKS[check].comes_with)]


def _series_of(target: Target, check: Check) -> int:
    """Interval, probes, two timestamps, skipped and discarded, failures by reason, histograms, own series.

    A round trip has one histogram; its phase does not have a second one.
    """
    kind = CHECKS[check]
    phases = len(kind.phases) - (Phase.RESOLVE in kind.phases and is_ipv4(target.host))
    distributions = phases + (kind.mode is not None)
    planned = 1 if kind.comes_with is None else 0
    return 5 + planned + len(Reason) + distributions * _HISTOGRAM_SERIES + kind.own_series
