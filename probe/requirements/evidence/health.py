"""The health exchanges with each target, and the findings if there was no answer to judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from probe.model.evidence import Evidence
from probe.model.kinds import ON_PATH
from probe.model.measurements import (
    CHECK_TIMED_OUT,
    HEALTH_PURPOSE,
    NO_CREDENTIAL,
    HealthDetails,
    Measurement,
    Phase,
    Reason,
)
from probe.model.targets import Check, Target
from probe.model.verdicts import Outcome
from probe.requirements.declare import Finding, unknown
from probe.requirements.evidence.account import undiscovered_nodes
from probe.requirements.evidence.targets import common_subject, is_fresh, of_role, values_at
from probe.requirements.wording import minutes, quoted, why

_MIN_SHOWN_AGE_S = 600.0
_BEFORE_HTTP = frozenset({Phase.RESOLVE, Phase.CONNECT, Phase.HANDSHAKE})
OK = 200
# If no health request was sent, or the response is faulty, the first requirement about health names the cause
# for all that are unknown for it.
_TELLERS = ("credential-is-accepted",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and the response to it."""

    measurement: Measurement
    details: HealthDetails

    @property
    def total_s(self) -> float:
        """How long KMS would have waited; the time for resolving the name is excluded."""
        phases_s = self.measurement.phases_s
        return sum(phases_s[phase] for phase in phases_s if phase is not Phase.RESOLVE)

    @property
    def timed_out(self) -> bool:
        failure = self.measurement.failure
        return failure is not None and failure.reason is Reason.TIMED_OUT

    @property
    def ended_tls(self) -> bool:
        """Whether TLS failed after the request was sent and before a response.

        In TLS 1.3 that may be a late part of the handshake: the refusal of a client without a certificate.
        """
        failure = self.measurement.failure
        return failure is not None and failure.phase is Phase.HANDSHAKE and self.details.sent_body_bytes > 0

    @property
    def is_good(self) -> bool:
        failed = self.measurement.failure is not None
        return not failed and self.details.status == OK and self.details.fault is None

    def summary(self) -> str:
        """The response or the failure, in summary."""
        if self.measurement.failure is not None:
            return why(self.measurement.failure)
        name = f" {quoted(self.details.error_name)}" if self.details.error_name else ""
        message = f" ({quoted(self.details.error_message)})" if self.details.error_message else ""
        return f"status {self.details.status}{name}{message}"


def exchanges_with(
    evidence: Evidence, target: Target, purpose: str, check: Check = Check.HEALTH_COLD
) -> tuple[Exchange, ...]:
    """The exchanges of one purpose with one target, oldest first; empty if the latest one is stale."""
    exchanges = tuple(
        Exchange(measurement=each, details=each.details)
        for each in evidence.recent
        if each.target.name == target.name
        and each.check is check
        and isinstance(each.details, HealthDetails)
        and each.details.purpose == purpose
    )
    return exchanges if exchanges and is_fresh(exchanges[-1].measurement, evidence) else ()


def each_health(
    evidence: Evidence, judge: Callable[[Target, tuple[Exchange, ...]], Finding]
) -> Iterator[Finding]:
    """One finding per target: from ``judge``, if a signed health request was sent."""

    def judge_target(target: Target) -> Finding:
        exchanges = exchanges_with(evidence, target, HEALTH_PURPOSE)
        unsent = _not_sent(exchanges)
        if unsent is not None:
            return replace(unsent, told_by=_TELLERS)
        finding, last = judge(target, exchanges), exchanges[-1]
        is_of_fault = last.details.fault is not None and finding.because.startswith(last.summary())
        if finding.outcome is Outcome.UNKNOWN and is_of_fault:
            return replace(finding, told_by=_TELLERS)
        return finding

    yield from each_target(evidence, judge_target)


def with_age(finding: Finding, exchange: Exchange, evidence: Evidence) -> Finding:
    """The finding, with its age if it is ten minutes or more: some requests are sent only every six hours."""
    age_s = evidence.taken_at_s - exchange.measurement.started_at_s
    if age_s < _MIN_SHOWN_AGE_S:
        return finding
    return replace(finding, because=f"{finding.because}, {minutes(age_s)} ago")


def each_target(evidence: Evidence, judge: Callable[[Target], Finding]) -> Iterator[Finding]:
    """One finding per target on the path; *unknown* if there is none."""
    targets = of_role(evidence, *ON_PATH)
    if not targets:
        reason = undiscovered_nodes(evidence) or unknown("neither a node nor a proxy is known")
        yield replace(reason, subject=common_subject(evidence.targets))
    for target in targets:
        finding = judge(target)
        values = {**values_at(evidence, target), **finding.values}
        yield replace(finding, subject=target.name, values=values)


def _not_sent(exchanges: tuple[Exchange, ...]) -> Finding | None:
    """Why no health request was sent; None if one was."""
    if not exchanges:
        return unknown("no health request was sent")
    last = exchanges[-1]
    if last.details.withheld == NO_CREDENTIAL:
        return unknown("no signed request was sent, because no credential of the proxy was given")
    if last.details.withheld == CHECK_TIMED_OUT:
        return unknown(f"no signed request was sent, because {CHECK_TIMED_OUT}")
    if last.details.withheld is not None:
        return unknown(f"no signed request was sent, because {last.details.withheld} is not met")
    failure = last.measurement.failure
    if failure is not None and failure.phase in _BEFORE_HTTP and not last.ended_tls:
        return unknown(f"no request could be sent ({why(failure)})")
    return None
