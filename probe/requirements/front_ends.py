"""Responses that no XKS proxy gives: which front end gave them, why, and what to do there. Two tables.

A front end is what stands before the proxy: a load balancer, a reverse proxy, a web application firewall, a
CDN. What it answers itself says nothing about the proxy. An answer with an errorName is the proxy's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from probe.model.measurements import BodyForm, HealthDetails
from probe.model.verdicts import KmsError, Remedy
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.wording import first_bytes, quoted

_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """A known front end, recognised by the Server header, in lower case, or by the beginning of the body.

    ``look_at`` is where it shows the cause of its own answers.
    """

    name: str
    server: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    look_at: str

    def sent(self, details: HealthDetails) -> bool:
        server, body = (details.server or "").lower(), details.body.lower()
        return server.startswith(self.server) or any(part in body for part in self.body)


_CDN = "Its dashboard shows the cause. An XKS proxy needs no CDN: let KMS reach the proxy itself."
_FRONT_ENDS: tuple[FrontEnd, ...] = (
    FrontEnd(
        name="an AWS Application Load Balancer",
        server=("awselb/",),
        look_at="The health of its target group, its rules and its access log show the cause.",
    ),
    FrontEnd(name="CloudFront", server=("cloudfront",), look_at=_CDN),
    FrontEnd(name="Cloudflare", server=("cloudflare",), look_at=_CDN),
    FrontEnd(name="Akamai", server=("akamai",), body=("errors.edgesuite.net",), look_at=_CDN),
    FrontEnd(
        name="an F5 BIG-IP",
        server=("bigip", "big-ip"),
        body=("your support id is",),
        look_at="Its event log has the support ID that the response shows.",
    ),
    FrontEnd(
        name="Imperva",
        body=("incapsula incident id", "_incapsula_resource"),
        look_at="Its event log has the incident ID that the response shows.",
    ),
    FrontEnd(
        name="nginx",
        server=("nginx", "openresty"),
        body=("<center>nginx", "<center>openresty"),
        look_at="Its error log (directive error_log) shows the cause.",
    ),
    FrontEnd(
        name="Envoy",
        server=("envoy", "istio-envoy"),
        body=("upstream connect error or disconnect/reset", "no healthy upstream"),
        look_at="The response flags in its access log (%RESPONSE_FLAGS%) show the cause.",
    ),
    FrontEnd(
        name="HAProxy",
        body=(
            "no server is available to handle this request",
            "the server returned an invalid or incomplete response",
            "the server didn't respond in time",
            "request forbidden by administrative rules",
        ),
        look_at="The termination state in its log shows the cause.",
    ),
    FrontEnd(
        name="Apache", server=("apache",), look_at="Its error log (directive ErrorLog) shows the cause."
    ),
    FrontEnd(
        name="Microsoft HTTP.sys or IIS",
        server=("microsoft-",),
        look_at="Its log (httperr for HTTP.sys) shows the cause.",
    ),
    FrontEnd(name="Caddy", server=("caddy",), look_at="Its log shows the cause."),
)
_LOGS = "The log of the load balancer, reverse proxy or firewall in front of the proxy shows the cause."
_SOMETHING = FrontEnd(name="what is in front of the proxy", look_at=_LOGS)
# Without a web page, a proxy that does not follow the specification is as likely.
_PERHAPS_PROXY = FrontEnd(name="the proxy, or what is in front of it,", look_at=_LOGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a front end answers so. FRONT stands for its name; the texts are not filled in otherwise."""

    fits: Callable[[HealthDetails], bool]
    because: str
    fix: str
    errors: tuple[KmsError, ...] = health_errors.INVALID_RESPONSE


def _status(*statuses: int) -> Callable[[HealthDetails], bool]:
    return lambda details: details.status in statuses


def _form(form: BodyForm) -> Callable[[HealthDetails], bool]:
    return lambda details: details.status == _OK and details.form is form


def _is_http_2(details: HealthDetails) -> bool:
    """Whether the response begins with a SETTINGS or GOAWAY frame on stream 0 (RFC 9113, section 4.1)."""
    received = details.not_http
    return received[3:4] in (b"\x04", b"\x07") and received[5:9] == bytes(4)


def _wants_client_certificate(details: HealthDetails) -> bool:
    """Whether it is nginx's response to a missing client certificate: 400, or its own 495 or 496."""
    return details.status in (495, 496) or (
        details.status == _BAD_REQUEST and "certificate" in details.body.lower()
    )


_OK, _BAD_REQUEST = 200, 400
_ONLY_HTTP_2 = "FRONT speaks only HTTP/2, but XKS proxies are asked by HTTP/1.1"
_ENABLE_HTTP_1 = "Enable HTTP/1.1 there, towards clients and towards the proxy."
_NO_AUTHENTICATION = (
    "Turn its own authentication off for the key store's URI path: the proxy authenticates KMS by the SigV4 "
    "signature."
)
# Statuses of the proxy API (specification, "Error codes"). A front end can keep the status of the proxy's
# error and replace the body by a page of its own.
_OF_PROXY_API = frozenset({400, 401, 403, 404, 429, 500, 501, 503})
_REPLACED = (
    "If the proxy's log shows the request, the error is the proxy's, and FRONT replaces it: let it pass on "
    "error responses (proxy_intercept_errors off in nginx), and repeat this check."
)
# The first row that fits decides.
_CAUSES: tuple[Cause, ...] = (
    Cause(fits=_is_http_2, because=_ONLY_HTTP_2, fix=_ENABLE_HTTP_1),
    # 464 is an Application Load Balancer's: the protocol versions of request and target group do not fit.
    Cause(fits=_status(426, 464, 505), because=_ONLY_HTTP_2, fix=_ENABLE_HTTP_1),
    Cause(
        fits=_wants_client_certificate,
        because="FRONT demands a client certificate",
        fix="Turn that off (ssl_verify_client in nginx): KMS presents no client certificate.",
    ),
    Cause(
        fits=_status(301, 302, 303, 307, 308),
        because="FRONT redirects the request, which KMS is not known to follow",
        fix="Serve the key store's URI path itself, without a redirect: to HTTPS behind a TLS terminator, to "
        "another host name, to a path with a slash, or to a login page.",
    ),
    Cause(
        fits=_status(401),
        because="FRONT demands its own authentication, or hides that the proxy refuses the credential",
        fix=_NO_AUTHENTICATION,
    ),
    Cause(fits=_status(407), because="FRONT demands its own authentication", fix=_NO_AUTHENTICATION),
    Cause(
        fits=_status(403),
        because="FRONT refuses the request, as a web application firewall does",
        fix="Exempt POST requests to the key store's URI path from its rules.",
    ),
    Cause(
        fits=_status(404),
        because="FRONT does not know the path",
        fix="Correct the key store's URI path, including its prefix, or forward this path to the proxy.",
    ),
    Cause(
        fits=_status(405),
        because="FRONT does not allow POST for the path",
        fix="Forward POST requests for the key store's URI path to the proxy.",
    ),
    Cause(
        fits=_status(400, 413, 414, 421, 431),
        because="FRONT rejects the form of the request",
        fix="Raise its limits for headers and bodies, and let it accept the private DNS name as Host.",
    ),
    Cause(
        fits=_status(429),
        because="FRONT limits the rate of requests",
        fix="Raise the limit for the key store's URI path: KMS sends up to 1,800 requests per second.",
    ),
    Cause(
        fits=_status(502, 520, 523, 525, 526),
        because="FRONT gets no valid answer from the proxy behind it",
        fix="Check that the proxy runs, and that FRONT uses the proxy's port, and TLS or plain HTTP as the "
        "proxy does.",
    ),
    Cause(
        fits=_status(503, 521, 530),
        because="FRONT has no proxy behind it that it can use",
        fix="Check that the proxies are registered there and healthy by its health check.",
    ),
    Cause(
        fits=_status(504, 522, 524),
        because="FRONT got no answer in time from the proxy behind it",
        fix="Check the path from there to the proxy, and the proxy's own response time: KMS waits 250 ms.",
    ),
    Cause(
        fits=_form(BodyForm.COMPRESSED),
        because="FRONT compresses the response, although the request does not allow it",
        fix="Turn off compression for the key store's URI path.",
    ),
    Cause(
        fits=_form(BodyForm.WITH_BYTE_ORDER_MARK),
        because="FRONT writes a byte order mark before the JSON, which parsers may reject",
        fix="Write the body as UTF-8 without a byte order mark.",
        # Java's usual JSON parsers skip it; others reject it (RFC 8259, section 8.1, allows both).
        errors=health_errors.PERHAPS_INVALID,
    ),
    Cause(
        fits=_form(BodyForm.WITH_DUPLICATE_NAMES),
        because="FRONT writes the same name twice in a JSON object, of which parsers keep either or none",
        fix="Write each name once.",
        errors=health_errors.PERHAPS_INVALID,
    ),
    Cause(
        fits=_form(BodyForm.MARKUP),
        because="FRONT answers with a web page, such as a login or default page",
        fix="Forward POST requests for the key store's URI path, with its prefix, to the proxy.",
    ),
    Cause(
        fits=lambda details: details.form is BodyForm.MARKUP,
        because="FRONT answers with an error page of its own",
        fix="Forward requests for the key store's URI path to the proxy, and pass on its responses.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A response that is not the proxy's: the cause with its evidence, KMS's errors, the fix."""

    because: str
    errors: tuple[KmsError, ...]
    remedy: Remedy


def explained(details: HealthDetails) -> Explained | None:
    """None for a response of the proxy itself, or one without a known cause."""
    if details.error_name is not None or (details.fault is None and not details.not_http):
        return None
    cause = next((cause for cause in _CAUSES if cause.fits(details)), None)
    if cause is None:
        return None
    unnamed = _SOMETHING if details.form in (None, BodyForm.MARKUP) else _PERHAPS_PROXY
    front = next((each for each in _FRONT_ENDS if each.sent(details)), unnamed)
    may_replace = details.status in _OF_PROXY_API and front is not _PERHAPS_PROXY
    fixes = (cause.fix, front.look_at, *([_REPLACED] if may_replace else []))
    return Explained(
        because=f"{cause.because.replace('FRONT', front.name)} ({evidence_in(details)})",
        errors=cause.errors,
        remedy=Remedy(text=" ".join(fixes).replace("FRONT", front.name)),
    )


def evidence_in(details: HealthDetails) -> str:
    """Status, Server and Location headers, fault and first bytes, each escaped and bounded."""
    if details.not_http:
        return f"the response is not HTTP/1.1; it begins with {first_bytes(details.not_http)}"
    parts = [f"status {details.status}"]
    parts += [f"Server {quoted(details.server)}"] if details.server else []
    parts += [f"Location {quoted(details.location)}"] if details.location else []
    parts += [details.fault] if details.fault else []
    is_text = details.body and details.form is not BodyForm.COMPRESSED
    parts += [f"it begins with {quoted(details.body[:_SHOWN_CHARS])}"] if is_text else []
    return "; ".join(parts)
