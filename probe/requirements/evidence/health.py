"""What a proxy's answers to health requests say, target by target, for the requirements that judge them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from probe.model.evidence import Evidence
from probe.model.kinds import ON_PATH
from probe.model.measurements import HEALTH_PURPOSE, NO_CREDENTIAL, HealthDetails, Measurement, Phase, Reason
from probe.model.targets import Check, Target
from probe.requirements.declare import Finding, unknown
from probe.requirements.evidence.account import unseen_nodes
from probe.requirements.evidence.targets import common_subject, is_fresh, of_role, values_at
from probe.requirements.wording import minutes, quoted, why

_AGE_WORTH_SAYING_S = 600.0
_BEFORE_HTTP = frozenset({Phase.RESOLVE, Phase.CONNECT, Phase.HANDSHAKE})
OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One exchange and what it said."""

    measurement: Measurement
    details: HealthDetails

    @property
    def total_s(self) -> float:
        """All that KMS would have waited: our own resolving of a name is not in it."""
        phases_s = self.measurement.phases_s
        return sum(phases_s[phase] for phase in phases_s if phase is not Phase.RESOLVE)

    @property
    def timed_out(self) -> bool:
        failure = self.measurement.failure
        return failure is not None and failure.reason is Reason.TIMED_OUT

    @property
    def is_good(self) -> bool:
        failed = self.measurement.failure is not None
        return not failed and self.details.status == OK and self.details.fault is None

    def words(self) -> str:
        """What came, for people."""
        if self.measurement.failure is not None:
            return why(self.measurement.failure)
        name = f" {quoted(self.details.error_name)}" if self.details.error_name else ""
        message = f" ({quoted(self.details.error_message)})" if self.details.error_message else ""
        return f"status {self.details.status}{name}{message}"


def seen_of(
    evidence: Evidence, target: Target, purpose: str, check: Check = Check.HEALTH_COLD
) -> tuple[Seen, ...]:
    """Exchanges of one purpose with one target, oldest first; none where the newest is stale."""
    seen = tuple(
        Seen(measurement=each, details=each.details)
        for each in evidence.recent
        if each.target.name == target.name
        and each.check is check
        and isinstance(each.details, HealthDetails)
        and each.details.purpose == purpose
    )
    return seen if seen and is_fresh(seen[-1].measurement, evidence) else ()


def each_health(
    evidence: Evidence, judge: Callable[[Target, tuple[Seen, ...]], Finding]
) -> Iterator[Finding]:
    """One finding a target: ``judge``'s, where a signed health request was answered in whatever way."""

    def look(target: Target) -> Finding:
        seen = seen_of(evidence, target, HEALTH_PURPOSE)
        return _unasked(seen) or judge(target, seen)

    yield from each_target(evidence, look)


def aged(finding: Finding, seen: Seen, evidence: Evidence) -> Finding:
    """The finding, and how old it is where that is worth saying: some requests are made each six hours."""
    age_s = evidence.taken_at_s - seen.measurement.started_at_s
    if age_s < _AGE_WORTH_SAYING_S:
        return finding
    return replace(finding, because=f"{finding.because}, {minutes(age_s)} ago")


def each_target(evidence: Evidence, look: Callable[[Target], Finding]) -> Iterator[Finding]:
    """One finding a target on the way; *unknown* where there is none."""
    targets = of_role(evidence, *ON_PATH)
    if not targets:
        reason = unseen_nodes(evidence) or unknown("no node and no proxy is known")
        yield replace(reason, subject=common_subject(evidence.targets))
    for target in targets:
        finding = look(target)
        values = {**values_at(evidence, target), **finding.values}
        yield replace(finding, subject=target.name, values=values)


def _unasked(seen: tuple[Seen, ...]) -> Finding | None:
    """Why nothing is known of its health; None if something is."""
    if not seen:
        return unknown("no health request was made")
    last = seen[-1]
    if last.details.withheld == NO_CREDENTIAL:
        return unknown("no credential of the proxy was given, so nothing was signed")
    if last.details.withheld is not None:
        return unknown(f"nothing was signed for it: {last.details.withheld} is not met")
    failure = last.measurement.failure
    if failure is not None and failure.phase in _BEFORE_HTTP:
        return unknown(f"no request could be sent ({why(failure)})")
    return None
