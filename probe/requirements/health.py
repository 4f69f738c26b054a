"""The proxy's answers to GetHealthStatus: credential, clock, path, response time, key managers."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from probe.model.evidence import Evidence
from probe.model.measurements import KeyManagerStatus
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Target
from probe.model.verdicts import KmsError, KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.health import Exchange, each_health
from probe.requirements.front_ends import explained
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, milliseconds

_NOT_FOUND = 404
_CLOCK_LIMIT_S = 300.0  # specification, "Authentication": requests up to five minutes off
_MIN_COLD = 5
_ALARM_S = 0.2  # AWS's recommended alarm on XksProxyLatency


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.AUTHENTICATION_FAILED,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Configure the same access key id and secret in KMS and on the proxy. Check that no reverse "
        "proxy changes the Host header or removes the Authorization header, and that the proxy is configured "
        "for the Region of the key store.",
        console="KMS > Custom key stores > External key stores > Edit > Authentication credential",
        cli="aws kms update-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID "
        "--xks-proxy-authentication-credential file://credential.json",
    ),
)
def credential_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """The proxy accepts a request signed with the credential for the Region of the key store.

    A wrong id, a wrong secret, another Region in the signature, a wrong clock and a header that was changed
    or removed in transit all lead to the same refusal.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if last.measurement.failure is not None:
            return unknown(last.summary())
        if last.details.error_name == "AuthenticationFailedException":
            return violated(last.summary())
        if last.is_good:
            return met("the signed request was accepted")
        return unknown(f"{last.summary()}: the proxy may have answered before it checked the signature")

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.AUTHENTICATION_FAILED,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Synchronise the proxy's clock by NTP; run chronyc tracking on the proxy and on this machine.",
        cli="chronyc tracking",
    ),
)
def proxy_clock_is_right(evidence: Evidence) -> Iterable[Finding]:
    """The proxy's clock differs from this machine's clock by at most five minutes.

    The proxy refuses a signature that is older or newer. Its time is read from the Date header of the
    response, which has whole seconds; this machine's own clock is assumed to be right.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        offset_s = last.details.clock_offset_s
        if last.is_good and (offset_s is None or abs(offset_s) > _CLOCK_LIMIT_S):
            but = "" if offset_s is None else f", although its Date header is {offset_s:+.0f} s off"
            return met(f"the proxy accepted a current signature{but}")
        if last.details.status is None:
            return unknown(last.summary())
        if offset_s is None:
            return unknown(f"the response has no Date header ({last.summary()})")
        offset = f"its Date header is {offset_s:+.0f} s off; 300 s are allowed"
        return violated(offset) if abs(offset_s) > _CLOCK_LIMIT_S else met(offset)

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.INVALID_URI_PATH,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Set the key store's proxy URI path to the one that the proxy serves, including its prefix, or "
        "configure the proxy to serve this path.",
        console="KMS > Custom key stores > External key stores > Edit > Proxy URI path",
        # No command that changes it: only the proxy knows the path that it serves.
        cli="aws kms describe-custom-key-stores --region REGION --custom-key-store-id KEY-STORE-ID",
    ),
)
def uri_path_is_served(evidence: Evidence) -> Iterable[Finding]:
    """The proxy serves the URI path of the key store.

    A proxy that does not serve it returns InvalidUriPathException. A web server in front of the proxy returns
    its own error page, which KMS cannot parse.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if last.measurement.failure is not None and last.details.fault is None:
            return unknown(last.summary())
        if last.details.error_name == "InvalidUriPathException":
            return violated(last.summary())
        if last.details.status == _NOT_FOUND and last.details.error_name is None:
            found = explained(last.details)
            because = found.because if found else f"{last.summary()} without an errorName"
            return violated(because, kms_errors=health_errors.INVALID_RESPONSE)
        if last.is_good:
            return met("the path is served")
        if last.measurement.failure is not None:
            return unknown(last.summary())
        return unknown(f"{last.summary()}: the proxy may have answered before it checked the path")

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.ACCESS_DENIED,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Exempt GetHealthStatus from the proxy's own authorization rules, as the specification requires."
    ),
)
def proxy_admits_kms(evidence: Evidence) -> Iterable[Finding]:
    """The proxy's own authorization rules do not deny the health request.

    A proxy may have a secondary authorization, by principal or by source. The specification exempts the
    health request from it, because KMS sends it for no particular principal.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if last.measurement.failure is not None:
            return unknown(last.summary())
        if last.details.error_name == "AccessDeniedException":
            return violated(last.summary())
        return met("it was not denied") if last.is_good else unknown(last.summary())

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.TIMED_OUT,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Find the slow phase. For connect and handshake, shorten the path: move the proxy nearer to the "
        "Region. For wait, speed up the proxy and its key manager, or let the proxy cache its health for up "
        "to a minute.",
    ),
)
def health_answers_within_250_ms(evidence: Evidence) -> Iterable[Finding]:
    """A health request over a new connection is answered within 250 ms.

    KMS waits no longer than that, including TCP connect and TLS handshake. The median of at least five
    requests decides; a timeout counts as longer than any answer. Two timeouts in a row also violate this. If
    the p99 is over 200 ms, KMS may time out intermittently.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        if any(a.timed_out and b.timed_out for a, b in pairwise(exchanges)):
            late = next(each for each in reversed(exchanges) if each.timed_out)
            found = violated(f"two requests in a row were not answered in time ({late.summary()})")
            return replace(found, remedy=_UNENDED) if late.details.status is not None else found
        answered = [each.total_s for each in exchanges if each.measurement.failure is None]
        timed = sorted([*answered, *(math.inf for each in exchanges if each.timed_out)])
        if len(timed) < _MIN_COLD:
            return unknown(
                f"{len(answered)} of {len(exchanges)} requests were answered; {_MIN_COLD} are needed"
            )
        return _within(timed)

    yield from each_health(evidence, judge)


# The default remedy looks for a slow phase, but the response only does not end.
_UNENDED = Remedy(
    text="Let the proxy end its response: send the whole body, with a Content-Length that equals its size or "
    "in chunks, or close the connection after it."
)


def _within(totals_s: list[float]) -> Finding:
    """``totals_s`` is sorted. With fewer than 100 samples the p99 is the largest one."""
    count = len(totals_s)
    median_s = (totals_s[(count - 1) // 2] + totals_s[count // 2]) / 2
    p99_s = totals_s[min(count - 1, -(-99 * count // 100) - 1)]
    median, p99 = (milliseconds(d) if math.isfinite(d) else "timed out" for d in (median_s, p99_s))
    times = f"median {median} of {count} requests over new connections, p99 {p99}"
    if median_s > CALL_LIMIT_S:
        return violated(f"{times}, limit {milliseconds(CALL_LIMIT_S)}")
    errors: tuple[KmsError, ...] | None = path_errors.AT_TIMES_TIMED_OUT if p99_s > _ALARM_S else None
    return Finding(outcome=Outcome.MET, because=times, kms_errors=errors)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.MANAGERS_UNAVAILABLE,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Restore a key manager, or the proxy's connection to it; see the proxy's log for the cause."
    ),
)
def key_manager_is_available(evidence: Evidence) -> Iterable[Finding]:
    """At least one key manager behind the proxy is available.

    The proxy reports each key manager as ACTIVE, DEGRADED or UNAVAILABLE. A degraded one still serves. If
    none is available, KMS treats the proxy as unreachable.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if not last.is_good:
            return unknown(last.summary())
        states = tuple(f"{id_} {state.value}" for id_, state in last.details.managers)
        up = [state for _id, state in last.details.managers if state is not KeyManagerStatus.UNAVAILABLE]
        return met(listed(states)) if up else violated(listed(states))

    yield from each_health(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Run a second key manager: with only one, its maintenance stops every key of the store."
    ),
)
def two_key_managers(evidence: Evidence) -> Iterable[Finding]:
    """At least two key managers behind the proxy are available.

    AWS's guide recommends at least two, so that one may fail. Only the proxy knows how many there are.
    """

    def judge(_: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if not last.is_good:
            return unknown(last.summary())
        up = sum(state is not KeyManagerStatus.UNAVAILABLE for _id, state in last.details.managers)
        count = f"{up} of {len(last.details.managers)} available"
        return met(count) if up > 1 else violated(count)

    yield from each_health(evidence, judge)
