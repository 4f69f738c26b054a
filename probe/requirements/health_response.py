"""The proxy's response to GetHealthStatus: valid, an error of the proxy, of a front end, or none at all."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import LOCAL_FAILURES, Failure, HealthDetails, Phase, Reason, TlsDetails
from probe.model.targets import Check, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.health import Exchange, each_health
from probe.requirements.evidence.targets import latest
from probe.requirements.front_ends import Explained, evidence_in, explained
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import quoted

_NOT_FOUND = 404


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.INVALID_RESPONSE,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Report the response to the proxy's vendor; it violates the specification of GetHealthStatus."
    ),
)
def health_response_is_valid(evidence: Evidence) -> Iterable[Finding]:
    """The proxy answers GetHealthStatus with status 200 and a body that follows the specification.

    KMS reads a JSON object with the size of the fleet, vendor, model, and one to ten key managers. From an
    error response it reads the errorName. It cannot interpret a status without one, for example the error
    page of a load balancer, a reverse proxy or a web application firewall in front of the proxy.
    """

    def judge(target: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        last = exchanges[-1]
        if last.is_good:
            return _of_good(last.details)
        if (found := explained(last.details)) is not None:
            return _of_front_end(found, last)
        if last.ended_tls:
            return _of_ended_tls(evidence, target, last)
        if last.measurement.failure is not None:
            return _unread(last.measurement.failure, last)
        if last.details.fault is not None:
            return violated(evidence_in(last.details))
        return _by_name(last)

    yield from each_health(evidence, judge)


def _of_ended_tls(evidence: Evidence, target: Target, last: Exchange) -> Finding:
    """If a client certificate is requested, the requirement about that judges the refusal."""
    handshake = latest(evidence, Check.TLS).get(target.name)
    seen = handshake.details if handshake else None
    if isinstance(seen, TlsDetails) and seen.client_certificate_requested:
        return unknown(last.summary())
    because = f"the server ended TLS instead of answering the request ({last.summary()})"
    return replace(violated(because, kms_errors=path_errors.NO_HANDSHAKE), remedy=_ENDED_TLS)


_ENDED_TLS = Remedy(
    text="See the log of the server that terminates TLS at this time: it completed the handshake, and then "
    "refused the connection or failed.",
)


def _unread(failure: Failure, last: Exchange) -> Finding:
    """A response that did not come, was cut, or is not HTTP/1.1 or too large to be read here."""
    if last.details.not_http:
        return replace(violated(evidence_in(last.details)), remedy=_OTHER_SERVER)
    if last.details.is_malformed:
        return replace(violated(last.summary()), remedy=_MALFORMED)
    if failure.reason is Reason.OVER_LIMIT and failure.phase is Phase.RECEIVE:
        return replace(unknown(last.summary()), remedy=_TOO_LARGE)
    if last.timed_out or failure.reason in LOCAL_FAILURES:
        return unknown(last.summary())
    remedy = _NO_ANSWER if last.details.status is None else _CUT
    return replace(violated(last.summary(), kms_errors=health_errors.NO_ANSWER), remedy=remedy)


def _of_good(details: HealthDetails) -> Finding:
    """Of a response with a valid body. Whether KMS reads its Content-Type is not documented."""
    content_type, count = details.other_content_type, len(details.managers)
    if content_type is None:
        return met(f"follows the specification, with {count} key manager{'' if count == 1 else 's'}")
    named = f"its Content-Type is {quoted(content_type)}" if content_type else "it has no Content-Type"
    because = (
        f"the body follows the specification, but {named}; the specification requires application/json, and "
        "whether KMS enforces that is not documented"
    )
    return replace(unknown(because), remedy=_CONTENT_TYPE)


_CONTENT_TYPE = Remedy(
    text="Send the header Content-Type: application/json with every response. Find out whether the proxy "
    "or what is in front of it sets another one."
)
_MALFORMED = Remedy(
    text="Send the same request to the proxy on its own host. If the response violates HTTP/1.1 there, too, "
    "report it to the proxy's vendor; otherwise correct what is in front of the proxy."
)
_OTHER_SERVER = Remedy(
    text="Forward port 443 to the port on which the proxy speaks HTTP/1.1: another server answers here.",
    console="EC2 > Target Groups > the target group > Targets",
)
# KMS's own limits are not documented.
_TOO_LARGE = Remedy(
    text="Find out what makes the response so large, in the proxy or in front of it, and shorten it: the "
    "response to GetHealthStatus needs a few header fields and less than 4 KB of JSON."
)
_CUT = Remedy(
    text="Find out which of these applies. (1) The proxy failed while it answered: its log shows it. (2) Its "
    "Content-Length is larger than the body. (3) Something in front of the proxy or on the path cuts the "
    "connection: on its own host the proxy's response is complete.",
)
_NO_ANSWER = Remedy(
    text="Find out which of these applies. (1) The proxy failed while it answered: its log shows it. (2) The "
    "server speaks only HTTP/2: curl --http2 gets an answer, curl --http1.1 does not. Enable HTTP/1.1. (3) A "
    "firewall cuts the connection after the request: on its own host the proxy answers.",
    cli="curl --http2 --verbose --insecure --connect-to PRIVATE-DNS-NAME:443:ADDRESS:443 "
    "https://PRIVATE-DNS-NAME/",
)


def _of_front_end(found: Explained, last: Exchange) -> Finding:
    finding = replace(violated(found.because, kms_errors=found.errors), remedy=found.remedy)
    is_path = last.details.status == _NOT_FOUND
    return replace(finding, told_by=("uri-path-is-served",)) if is_path else finding


# What each error name means for the proxy (specification, "Error codes").
_REMEDIES = {
    "ThrottlingException": Remedy(
        text="Raise the request limit of the proxy, or of whatever is in front of it: KMS sends up to 1,800 "
        "requests per second."
    ),
    "DependencyTimeoutException": Remedy(
        text="Check the path from the proxy to its key manager, which answers too slowly or not at all."
    ),
    "InvalidStateException": Remedy(
        text="Enable the key store on the proxy: it reports that the key store is disabled, deactivated or "
        "blocked there."
    ),
    "InternalException": Remedy(
        text="Check the proxy's log at this time: the proxy reports an internal error."
    ),
    "UnsupportedOperationException": Remedy(
        text="Update the proxy or enable its health check: it reports that it does not support "
        "GetHealthStatus."
    ),
    "ValidationException": Remedy(
        text="Find out what changes requests in front of the proxy: it rejects a request that follows the "
        "specification."
    ),
}


def _by_name(last: Exchange) -> Finding:
    """An error of the proxy. Three names have their own requirements; the others lead to an error of KMS."""
    name = last.details.error_name or ""
    if name in {"AuthenticationFailedException", "AccessDeniedException", "InvalidUriPathException"}:
        return unknown(last.summary())
    found = violated(
        last.summary(), kms_errors=health_errors.BY_NAME.get(name, health_errors.INVALID_RESPONSE)
    )
    return replace(found, remedy=_REMEDIES.get(name))
