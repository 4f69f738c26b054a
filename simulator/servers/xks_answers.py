"""The responses of a simulated XKS proxy, correct or with one fault of the group ANSWER. Pure."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simulator import sigv4
from simulator.faults import Fault
from simulator.scenario.xks_settings import ProxySettings
from simulator.servers import xks_api
from simulator.servers.http_answers import HTML, Form, Reply, Request
from simulator.servers.xks_api import Answer, Fleet, Operation, Route
from simulator.sigv4 import Signed

WRONG_CLOCK_S = 600.0  # more than the allowed difference of five minutes
LARGE_BODY_BYTES = 1500  # the Ethernet MTU: larger packets may be lost in a tunnel
# Around the 250 ms limit of KMS.
_SLOW_S = {Fault.SLOW_400_MS: 0.4, Fault.SLOW_300_MS: 0.3, Fault.SLOW_220_MS: 0.22}
_HUGE_BYTES = 80_000  # more than the 64 KiB that a client reads
_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
_MIN_MANAGERS = 2  # AWS recommends at least two

_NGINX = (("Server", "nginx/1.22.1"),)
# Another program answers all requests instead of the proxy.
_ANOTHER = {
    Fault.WEB_SERVER_404: Reply(status=404, body=_HTML.format("404 Not Found").encode(), content_type=HTML),
    Fault.BAD_GATEWAY: Reply(status=502, body=_HTML.format("502 Bad Gateway").encode(), content_type=HTML),
    Fault.SERVICE_UNAVAILABLE: Reply(
        status=503,
        body=_HTML.format("503 Service Temporarily Unavailable").encode(),
        content_type=HTML,
        headers=(("Server", "awselb/2.0"),),
    ),
    Fault.GATEWAY_TIMEOUT: Reply(
        status=504, body=_HTML.format("504 Gateway Time-out").encode(), content_type=HTML, headers=_NGINX
    ),
    Fault.RATE_LIMITED: Reply(
        status=429, body=_HTML.format("429 Too Many Requests").encode(), content_type=HTML, headers=_NGINX
    ),
    Fault.REDIRECTED: Reply(
        status=301, content_type=HTML, headers=(("Location", "https://elsewhere.example.com/"), *_NGINX)
    ),
    Fault.FIREWALL_403: Reply(
        status=403,
        body=_HTML.format("Request Rejected. Your support ID is: 1234").encode(),
        content_type=HTML,
    ),
    Fault.HTML_200: Reply(status=200, body=_HTML.format("Welcome").encode(), content_type=HTML),
}
_NOT_ALLOWED = Reply(status=405, allow="POST")
# Errors returned before the signature is checked, and after it was found valid.
_BEFORE = {
    Fault.UNAUTHORIZED: "AuthenticationFailedException",
    Fault.PATH_NOT_FOUND: "InvalidUriPathException",
    Fault.THROTTLING: "ThrottlingException",
}
_AFTER = {
    Fault.ACCESS_DENIED: "AccessDeniedException",
    Fault.INTERNAL: "InternalException",
    Fault.UNSUPPORTED: "UnsupportedOperationException",
    Fault.DEPENDENCY_TIMEOUT: "DependencyTimeoutException",
}
_MESSAGE = "a fault of the simulated network"
_FORMS = {Fault.CHUNKED: Form.CHUNKED, Fault.ODD_HEADERS: Form.UNUSUAL}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class XksProxy:
    """Settings of all proxies of a simulation. ``prefix`` comes before ``/kms/xks/v1``; it may be empty."""

    prefix: str = ""
    key_managers: tuple[str, ...] = ()
    settings: ProxySettings = field(default_factory=ProxySettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """When and how the proxy responds, if at all."""

    delay_s: float = 0.0
    is_silent: bool = False
    closes: bool = False
    is_http_2: bool = False
    form: Form = Form.USUAL


def behaviour_of(fault: Fault, body_bytes: int) -> Behaviour:
    """The behaviour for a request with a body of that size."""
    drops = fault is Fault.DROPS_LARGE_BODIES and body_bytes > LARGE_BODY_BYTES
    return Behaviour(
        delay_s=_SLOW_S.get(fault, 0.0),
        is_silent=fault is Fault.SILENT_HTTP or drops,
        closes=fault is Fault.CLOSES,
        is_http_2=fault is Fault.HTTP_2_ONLY,
        form=_FORMS.get(fault, Form.USUAL),
    )


def clock_offset_s(proxy: XksProxy, fault: Fault) -> float:
    """How far the proxy's clock is ahead."""
    return proxy.settings.clock_offset_s + (WRONG_CLOCK_S if fault is Fault.CLOCK_WRONG else 0.0)


def reply_to(request: Request, body: bytes, proxy: XksProxy, fault: Fault, now_s: float) -> Reply:
    """The response; ``now_s`` is the proxy's clock. Never raises."""
    reply = _of_proxy(request, body, proxy, fault, now_s)
    match fault:
        case Fault.COMPRESSED:
            encoding = (("Content-Encoding", "gzip"),)
            return replace(reply, body=gzip.compress(reply.body, mtime=0), headers=encoding)
        case Fault.BYTE_ORDER_MARK:
            return replace(reply, body=_BYTE_ORDER_MARK + reply.body)
        case _:
            return reply


def _of_proxy(request: Request, body: bytes, proxy: XksProxy, fault: Fault, now_s: float) -> Reply:
    if fault in _ANOTHER:
        return _ANOTHER[fault]
    route = xks_api.route(request.path, proxy.prefix)
    if route is None:
        return _reply(xks_api.error("InvalidUriPathException", "the API has no such path"))
    if request.method == "GET" and fault is Fault.GET_ALLOWED:
        return _reply(Answer(status=200, document=xks_api.health(_fleet(proxy, fault))))
    if request.method != "POST" or fault is Fault.METHOD_NOT_ALLOWED:
        return _NOT_ALLOWED  # the specification requires 405 for a GET on an API path
    refused = _refusal(request, body, proxy.settings, fault, now_s)
    return _reply(xks_api.error(*refused)) if refused else _performed(route, body, proxy, fault)


def _refusal(
    request: Request, body: bytes, settings: ProxySettings, fault: Fault, now_s: float
) -> tuple[str, str] | None:
    """An errorName and errorMessage if the request is refused before the operation runs."""
    if fault in _BEFORE:
        return _BEFORE[fault], _MESSAGE
    signed = Signed(method=request.method, path=request.path, headers=request.headers, body=body)
    why = sigv4.refusal(signed, settings.credentials, settings.region, now_s)
    if why is not None and fault is not Fault.UNSIGNED_ALLOWED:
        return "AuthenticationFailedException", why
    return (_AFTER[fault], _MESSAGE) if fault in _AFTER else None


def _performed(route: Route, body: bytes, proxy: XksProxy, fault: Fault) -> Reply:
    answer = xks_api.perform(route, body, proxy.settings.keys, _fleet(proxy, fault))
    document = dict(answer.document)
    match fault:
        case _ if answer.status != 200:  # noqa: PLR2004  # faults are not applied to error responses
            pass
        case Fault.MISSING_FIELD:
            document.pop("ekmVendor" if route.operation is Operation.HEALTH else next(reversed(document)))
        case Fault.HUGE_BODY:
            document["filler"] = "x" * _HUGE_BYTES
        case Fault.BAD_JSON:
            whole = _reply(answer)
            return replace(whole, body=whole.body[:-1])
        case _:
            pass
    return _reply(Answer(status=answer.status, document=document))


def _fleet(proxy: XksProxy, fault: Fault) -> Fleet:
    """The scenario's key managers, filled up with made-up ones so that a healthy proxy has at least two."""
    made_up = [f"simulated-hsm-{number}" for number in range(1, xks_api.MAX_MANAGERS + 2)]
    names = [*proxy.key_managers[: xks_api.MAX_MANAGERS], *made_up]
    count = max(_MIN_MANAGERS, min(len(proxy.key_managers), xks_api.MAX_MANAGERS))
    count = {
        Fault.EMPTY_FLEET: 0,
        Fault.ONE_MANAGER: 1,
        Fault.ELEVEN_ENTRIES: xks_api.MAX_MANAGERS + 1,
    }.get(fault, count)
    states = ["ACTIVE"] * count
    if fault is Fault.ALL_UNAVAILABLE:
        states = ["UNAVAILABLE"] * count
    elif fault is Fault.DEGRADED:
        states[-1] = "DEGRADED"
    return Fleet(states=tuple(zip(names, states, strict=False)))


def _reply(answer: Answer) -> Reply:
    return Reply(status=answer.status, body=_json(answer.document))


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
