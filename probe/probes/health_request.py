"""Builds requests to an XKS proxy, those of KMS and others, and interprets the responses. No I/O.

XKS proxy API specification 1.0.3: GetHealthStatus, GetKeyMetadata, "Authentication".
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

from probe import __version__
from probe.model.measurements import HEALTH_PURPOSE, HealthDetails, TlsDetails
from probe.model.targets import Target
from probe.network.http import HttpRequest, HttpResponse
from probe.wire import health as wire

_SHOWN_BYTES = 512
_NO_ENCODING = frozenset({None, "", "identity"})
Sign = Callable[[str, str, bytes], Sequence[tuple[str, str]]]
PeerCheck = Callable[[Target, TlsDetails], str | None]


class RequestKind(StrEnum):
    """The kind of request; a value of `HealthDetails.purpose`."""

    HEALTH = HEALTH_PURPOSE
    LARGE_BODY = "large_body"
    UNSIGNED = "unsigned"
    GET = "get"
    KEY_METADATA = "key_metadata"

    @property
    def is_signed(self) -> bool:
        return self not in (RequestKind.UNSIGNED, RequestKind.GET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How to send requests to a proxy. If ``sign`` is None, there is no credential: only unsigned requests.

    ``path`` is the URI path as configured in KMS. ``peer_check`` returns why nothing may be signed for a
    server, None if signing is allowed.
    """

    path: str
    peer_check: PeerCheck
    sign: Sign | None = None
    key_id: str | None = None
    principal_arn: str = "arn:aws:iam::000000000000:role/xks-probe"


def request_of(client: Client, target: Target, purpose: RequestKind) -> HttpRequest:
    """The request, with KMS's headers: the private DNS name as Host, without a port."""
    host = target.server_name or target.host
    path = f"{client.path}/health"
    body = wire.health_request(str(uuid.uuid4()), large=purpose is RequestKind.LARGE_BODY)
    if purpose is RequestKind.KEY_METADATA:
        path = f"{client.path}/keys/{client.key_id}/metadata"
        body = wire.metadata_request(str(uuid.uuid4()), client.principal_arn)
    headers = [("Host", host), ("User-Agent", f"xks-probe/{__version__}")]
    if purpose is RequestKind.GET:
        return HttpRequest(method="GET", target=path, headers=headers)
    signed = client.sign(host, path, body) if client.sign and purpose.is_signed else ()
    sized = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return HttpRequest(method="POST", target=path, headers=[*headers, *sized, *signed], body=body)


def details_of(answer: HttpResponse, purpose: RequestKind, middle_s: float, sent_bytes: int) -> HealthDetails:
    """The result of a request. ``middle_s`` is Unix time in the middle of the exchange."""
    reply = _reply(answer, purpose)
    return HealthDetails(
        purpose=purpose,
        status=answer.status,
        error_name=reply.error_name,
        error_message=reply.error_message,
        fault=reply.fault,
        managers=reply.managers,
        key_spec=reply.key_spec,
        key_usage=reply.key_usage,
        key_status=reply.key_status,
        clock_offset_s=_offset_s(answer, middle_s),
        sent_body_bytes=sent_bytes,
        is_signed=purpose.is_signed,
        wait_is_upper_bound=answer.wait_is_upper_bound,
        body=answer.body[:_SHOWN_BYTES].decode("utf-8", "replace"),
        form=reply.form,
        server=_header(answer, "server"),
        location=_header(answer, "location"),
        other_content_type=_other_content_type(answer),
        not_http=answer.not_http,
        is_malformed=answer.is_malformed,
    )


def _reply(answer: HttpResponse, purpose: RequestKind) -> wire.ParsedReply:
    """The response's body; of one that was cut or is too large, only what its beginning shows."""
    if answer.status is None or purpose is RequestKind.GET:
        return wire.NOT_PARSED
    is_encoded = _header(answer, "content-encoding") not in _NO_ENCODING
    if answer.failure is not None:
        return wire.COMPRESSED if is_encoded else wire.read_beginning(answer.body)
    read = wire.read_metadata if purpose is RequestKind.KEY_METADATA else wire.read_health
    reply = read(answer.status, answer.body)
    return wire.COMPRESSED if is_encoded and reply.fault is not None else reply


def _header(answer: HttpResponse, name: str) -> str | None:
    """The beginning of a header's first value, or None."""
    return next((value[:_SHOWN_BYTES] for each, value in answer.headers if each == name), None)


def _other_content_type(answer: HttpResponse) -> str | None:
    """The Content-Type, "" without one; None if it is JSON, with or without parameters, or has no status."""
    value = _header(answer, "content-type") or ""
    is_json = value.partition(";")[0].strip().lower() == "application/json"
    return None if is_json or answer.status is None else value


def _offset_s(answer: HttpResponse, middle_s: float) -> float | None:
    """The offset by the Date header, plus half a second, as it is truncated (RFC 9110, section 5.6.7)."""
    date = _header(answer, "date")
    if date is None:
        return None
    try:
        return round(parsedate_to_datetime(date).timestamp() + 0.5 - middle_s)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
