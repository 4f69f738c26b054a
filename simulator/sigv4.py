"""Verifies AWS Signature Version 4 strictly, as an XKS proxy must; independent of AWS's code. Pure.

XKS proxy API specification, appendix A. Texts are a request's bytes decoded as Latin-1, which loses none.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

SERVICE = "kms-xks-proxy"
MAX_SKEW_S = 300.0  # appendix A, task 4: five minutes in the past or the future
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request, ?"
    r"SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})",
    re.ASCII,
)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_MUST_BE_SIGNED = ("host", "x-amz-date")
_SINGLE = ("authorization", "host", "x-amz-date")

Headers = Sequence[tuple[str, str]]  # names in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The secret that KMS and a proxy share."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The signed parts of a request. ``path`` is as sent, without normalisation."""

    method: str
    path: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    access_key_id: str
    day: str
    region: str
    service: str
    names: tuple[str, ...]
    signature: str = field(repr=False)


def refusal(signed: Signed, credentials: Sequence[Credential], region: str, now_s: float) -> str | None:
    """Why the request is not authentic; None if it is. Never raises."""
    for name in _SINGLE:
        if sum(given == name for given, _ in signed.headers) != 1:
            return f"the request must have exactly one {name} header"
    values = dict(signed.headers)
    claim = _claim(values["authorization"])
    if claim is None:
        return "the authorization header is not in Signature Version 4 format"
    secret = next((c.secret_access_key for c in credentials if c.access_key_id == claim.access_key_id), None)
    if secret is None:
        return "the access key ID is unknown"
    if (claim.region, claim.service) != (region, SERVICE):
        return f"the scope is not {SERVICE} in {region}"
    date = values["x-amz-date"]
    why = _date_fault(date, claim.day, now_s) or _names_fault(claim.names, values)
    if why is not None:
        return why
    canonical = _canonical(signed, claim.names)
    is_right = hmac.compare_digest(_signature(canonical, date, claim, secret), claim.signature)
    return None if is_right else "the signature does not match"


def _claim(authorization: str) -> _Claim | None:
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        return None
    access_key_id, day, region, service, names, signature = match.groups()
    return _Claim(
        access_key_id=access_key_id,
        day=day,
        region=region,
        service=service,
        names=tuple(names.split(";")),
        signature=signature,
    )


def _date_fault(date: str, day: str, now_s: float) -> str | None:
    if not _DATE.fullmatch(date) or date[:8] != day:
        return "x-amz-date is not a basic ISO 8601 date on the day of the scope"
    try:
        sent_s = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return "x-amz-date is not a date"
    return "x-amz-date differs by more than five minutes" if abs(sent_s - now_s) > MAX_SKEW_S else None


def _names_fault(names: tuple[str, ...], values: dict[str, str]) -> str | None:
    if list(names) != sorted({name.lower() for name in names}):
        return "SignedHeaders must be sorted, lower case and unique"
    missing = [name for name in _MUST_BE_SIGNED if name not in names]
    if missing:
        return f"{missing[0]} is not signed"
    return None if all(name in values for name in names) else "a signed header is missing"


def _canonical(signed: Signed, names: tuple[str, ...]) -> str:
    """Task 1. The query is always empty: the API has no paths with a query."""
    lines = [f"{name}:{_joined(signed.headers, name)}" for name in names]
    body_hash = hashlib.sha256(signed.body).hexdigest()
    return "\n".join((signed.method, signed.path, "", *lines, "", ";".join(names), body_hash))


def _joined(headers: Headers, name: str) -> str:
    """The values of a header: sequential spaces become one, repeated headers are joined."""
    return ",".join(re.sub(" +", " ", value.strip()) for given, value in headers if given == name)


def _signature(canonical: str, date: str, claim: _Claim, secret: str) -> str:
    """Tasks 2 and 3."""
    parts = (claim.day, claim.region, claim.service, "aws4_request")
    hashed = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", date, "/".join(parts), hashed))
    key = f"AWS4{secret}".encode()
    for part in parts:
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return hmac.digest(key, text.encode("latin-1"), "sha256").hex()
