"""The accumulated series of one target. Dropping the object drops all of its series."""

from collections import Counter
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address

from exporters.checks import ROUND_TRIPS, counts, plans_of
from exporters.prometheus.health_series import HealthSeries
from exporters.prometheus.histogram import Histogram
from probe.model.kinds import CHECKS
from probe.model.measurements import Certificate, Measurement, Phase, Reason, TcpDetails, TlsDetails
from probe.model.targets import Check, Method, Role, Target

MAX_ADDRESSES = 16  # a name with rotating addresses must not create unlimited series
MAX_CERTIFICATES = 10  # position is 0 … 9
# An address that was not probed for this long is dropped; later if the target is checked less often.
STALE_AFTER_S = 600.0

# The phase that is the round trip is only in rtt_seconds, so that there is a single distribution of it.
_ROUND_TRIP_PHASES = frozenset((check, kind.round_trip) for check, kind in CHECKS.items() if kind.round_trip)


class TargetSeries:
    """Counters start at 0 for each check that runs; histograms and times start with their first sample."""

    def __init__(self, target: Target) -> None:
        self.probes: Counter[Check] = Counter()
        self.failures: Counter[tuple[Check, Reason]] = Counter()
        self.skipped: Counter[Check] = Counter()
        self.discarded: Counter[Check] = Counter()
        self.last_attempt_s: dict[Check, float] = {}
        self.last_success_s: dict[Check, float] = {}
        self.rtt: dict[tuple[str, Method], Histogram] = {}
        self.phases: dict[tuple[Check, Phase], Histogram] = {}
        self.packets_sent = self.packets_received = self.packets_duplicates = self.packets_late = 0
        self.retransmits = 0
        self.chains: dict[str, tuple[Certificate, ...]] = {}
        self.path_certificates: frozenset[str] = frozenset()  # SHA-256, of the latest report
        self.health = HealthSeries()
        self._probed_at_s: dict[str, float] = {}
        self.become(target)

    def become(self, target: Target) -> None:
        """Same target, another label or plan: counters continue, except those of checks it no longer has."""
        self.target = target
        self._literal = target.host if _is_address(target.host) else ""
        self.plans = plans_of(target)
        self.probes = Counter({check: self.probes[check] for check in self.plans})
        self.discarded = Counter({check: self.discarded[check] for check in self.plans})
        self.skipped = Counter({plan.check: self.skipped[plan.check] for plan in target.plans})
        self.failures = Counter(
            {(check, reason): self.failures[check, reason] for check in self.plans for reason in Reason}
        )
        self._forget_checks()
        self.health.become(self.plans)

    @property
    def address(self) -> str:
        """The last address probed, else the one in the configuration; "" for a Region."""
        return max(self._probed_at_s, key=lambda ip: self._probed_at_s[ip], default=self.ip(self._literal))

    def ip(self, address: str | None) -> str:
        """The label value for ``address``; "" for a Region, whose addresses rotate."""
        return "" if address is None or self.target.role is Role.REGION else address

    def echo_ip(self, address: str | None = None) -> str:
        """The label value for pings to ``address``; default: the target's own address, or the last probed."""
        return self.ip(address or self._literal or self.address)

    def ended(self, check: Check, at_s: float, reason: Reason | None) -> None:
        """Count one probe that started at ``at_s``; ``reason`` if it failed."""
        self.probes[check] += 1
        self.last_attempt_s[check] = max(at_s, self.last_attempt_s.get(check, at_s))
        if reason is None:
            self.last_success_s[check] = max(at_s, self.last_success_s.get(check, at_s))
        else:
            self.failures[check, reason] += 1

    def answered(self, method: Method, ip: str, rtt_s: float) -> None:
        histogram = self.rtt.get((ip, method))
        if histogram is None:
            histogram = self.rtt[ip, method] = Histogram()
        histogram.observe(rtt_s)

    def probed(self, ip: str, at_s: float) -> None:
        """Note that ``ip`` was probed; beyond 16 addresses, forget the one probed longest ago."""
        if not ip:
            return
        self._probed_at_s[ip] = max(at_s, self._probed_at_s.get(ip, at_s))
        if len(self._probed_at_s) > MAX_ADDRESSES:
            self._forget([min(self._probed_at_s, key=lambda known: self._probed_at_s[known])])

    def measured(self, measurement: Measurement) -> None:
        """Add one measurement, if it counts (see `counts`)."""
        if not counts(measurement):
            return
        ip = self.ip(measurement.address)
        self.probed(ip, measurement.started_at_s)
        failure = measurement.failure
        self.ended(measurement.check, measurement.started_at_s, failure.reason if failure else None)
        if measurement.method is not None and measurement.rtt_s is not None:
            self.answered(measurement.method, ip, measurement.rtt_s)
        self._phases(measurement)
        if isinstance(measurement.details, TcpDetails):
            self.retransmits += measurement.details.retransmits
        if measurement.check is Check.TLS:
            self._chain(measurement, ip)
        self.health.measured(measurement)

    def drop_stale_addresses(self, now_s: float) -> None:
        """Drop the series of addresses that the name no longer resolves to."""
        longest_s = max((plan.interval_s for plan in self.target.plans), default=0.0)
        limit_s = max(STALE_AFTER_S, 3 * longest_s)
        self._forget([ip for ip, probed_at_s in self._probed_at_s.items() if now_s - probed_at_s > limit_s])

    def _phases(self, measurement: Measurement) -> None:
        for phase, duration_s in measurement.phases_s.items():
            key = (measurement.check, phase)
            if key not in _ROUND_TRIP_PHASES:
                self.phases.setdefault(key, Histogram()).observe(duration_s)

    def _chain(self, measurement: Measurement, ip: str) -> None:
        details = measurement.details
        chain = details.chain if isinstance(details, TlsDetails) else ()
        if chain:
            self.chains[ip] = chain[:MAX_CERTIFICATES]
        elif measurement.address is None:  # the name did not resolve: no address returns a chain now
            self.chains.clear()
        else:
            self.chains.pop(ip, None)

    def _forget_checks(self) -> None:
        """Drop the series of checks that no longer run; outdated times would look like a failing target."""
        for times_s in (self.last_attempt_s, self.last_success_s):
            for check in times_s.keys() - self.plans.keys():
                del times_s[check]
        self.phases = {key: each for key, each in self.phases.items() if key[0] in self.plans}
        self.rtt = {key: each for key, each in self.rtt.items() if ROUND_TRIPS[key[1]] in self.plans}
        if Check.TLS not in self.plans:
            self.chains.clear()

    def _forget(self, ips: Iterable[str]) -> None:
        for ip in ips:
            del self._probed_at_s[ip]
            self.chains.pop(ip, None)
            for method in Method:
                self.rtt.pop((ip, method), None)


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True
