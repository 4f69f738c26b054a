"""The proxy API's JSON: builds requests as KMS does, and parses and validates responses. Pure.

XKS proxy API specification 1.0.3: GetHealthStatus, GetKeyMetadata, "Error codes".
"""

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from probe.model.measurements import BodyForm, KeyManagerStatus
from probe.wire.json_values import text, texts

LARGE_BODY_BYTES = 4000  # over two Ethernet packets, well below the size that a proxy must accept
_MAX_MANAGERS = 10
_OK, _MIN_NO_SUCCESS = 200, 300
_MAX_LEVELS = 500  # usual parsers stop at about 1,000; the specification's responses have three
_FLEET_TEXTS = ("xksProxyVendor", "xksProxyModel", "ekmVendor")
_SHOWN = 200
_MAX_DIGITS = 100
_GZIP, _BYTE_ORDER_MARK = b"\x1f\x8b", b"\xef\xbb\xbf"  # RFC 1952, section 2.3.1; UTF-8's
_FAULTS = {
    BodyForm.OTHER_JSON: "the body is not a JSON object",
    BodyForm.EMPTY: "the body is empty",
    BodyForm.MARKUP: "the body is HTML or XML, not JSON",
    BodyForm.COMPRESSED: "the body is compressed",
    BodyForm.WITH_BYTE_ORDER_MARK: "the body begins with a byte order mark",
    BodyForm.WITH_DUPLICATE_NAMES: "a JSON object has the same name twice",
    BodyForm.TOO_DEEP: "the body is nested too deeply to be read",
    BodyForm.OTHER: "the body is not JSON",
}
_KNOWN_BY_BEGINNING = frozenset({BodyForm.MARKUP, BodyForm.COMPRESSED})
_ERROR_NAME = re.compile(r"[A-Za-z]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply:
    """A parsed response body; ``form`` is None if it was not parsed.

    ``fault`` is how it violates the specification. All texts are untrusted.
    """

    form: BodyForm | None = BodyForm.JSON_OBJECT
    error_name: str | None = None
    error_message: str | None = None
    fault: str | None = None
    managers: tuple[tuple[str, KeyManagerStatus], ...] = ()
    key_spec: str | None = None
    key_usage: tuple[str, ...] = ()
    key_status: str | None = None


NOT_PARSED = ParsedReply(form=None)
COMPRESSED = ParsedReply(form=BodyForm.COMPRESSED, fault=_FAULTS[BodyForm.COMPRESSED])


def health_request(request_id: str, *, large: bool = False) -> bytes:
    """GetHealthStatus. ``large``: with a request id of 4,000 bytes, whose format a proxy must not check."""
    id_ = request_id.ljust(LARGE_BODY_BYTES, "-") if large else request_id
    return json.dumps({"requestMetadata": {"kmsRequestId": id_, "kmsOperation": "KmsHealthCheck"}}).encode()


def metadata_request(request_id: str, principal_arn: str) -> bytes:
    """GetKeyMetadata, as KMS sends it for CreateKey."""
    metadata = {"awsPrincipalArn": principal_arn, "kmsOperation": "CreateKey", "kmsRequestId": request_id}
    return json.dumps({"requestMetadata": metadata}).encode()


def read_health(status: int, body: bytes) -> ParsedReply:
    """Parses the response to GetHealthStatus."""
    return _read(status, body, _health)


def read_metadata(status: int, body: bytes) -> ParsedReply:
    """Parses the response to GetKeyMetadata."""
    return _read(status, body, _metadata)


def read_beginning(body: bytes) -> ParsedReply:
    """Interprets a body of which only the beginning was read: as markup or compressed, or not at all."""
    _document, form = _object(body)
    return ParsedReply(form=form, fault=_FAULTS[form]) if form in _KNOWN_BY_BEGINNING else NOT_PARSED


def _read(status: int, body: bytes, of_success: Callable[[dict[str, Any]], ParsedReply]) -> ParsedReply:
    document, form = _object(body)
    is_error_with_duplicates = form is BodyForm.WITH_DUPLICATE_NAMES and status != _OK
    if form is not BodyForm.JSON_OBJECT and not is_error_with_duplicates:
        return ParsedReply(form=form, fault=_FAULTS[form])
    name = text(document, "errorName")
    if status != _OK:
        if name is None or not _ERROR_NAME.fullmatch(name):
            is_success = _OK < status < _MIN_NO_SUCCESS
            return ParsedReply(fault="200 is required" if is_success else "without an errorName")
        return ParsedReply(
            error_name=name, error_message=(text(document, "errorMessage") or "")[:_SHOWN] or None
        )
    reply = of_success(document)
    if reply.fault is not None and name is not None and _ERROR_NAME.fullmatch(name):
        return ParsedReply(fault=f"it has the errorName {name}")
    return reply


def _object(body: bytes) -> tuple[dict[str, Any], BodyForm]:
    """The JSON object in a body, or an empty one and what the body is instead."""
    rest = body.removeprefix(_BYTE_ORDER_MARK)
    form = _form_by_beginning(body, rest)
    if form is not None:
        return {}, form
    try:
        document, is_unique = _parsed(rest.decode("utf-8"))
    except ValueError:
        return {}, BodyForm.OTHER
    except RecursionError:
        return {}, BodyForm.TOO_DEEP
    if not isinstance(document, dict):
        return {}, BodyForm.OTHER_JSON
    if rest != body:
        return {}, BodyForm.WITH_BYTE_ORDER_MARK
    return document, BodyForm.JSON_OBJECT if is_unique else BodyForm.WITH_DUPLICATE_NAMES


def _is_deeper(document: object, levels: int) -> bool:
    """Whether arrays and objects are nested in more than ``levels`` levels."""
    level = _containers([document])
    for _ in range(levels):
        level = [inner for each in level for inner in _containers(each)]
    return bool(level)


def _containers(values: Iterable[object]) -> list[Collection[object]]:
    """The arrays of ``values``, and what is in their objects."""
    return [
        each.values() if isinstance(each, dict) else each for each in values if isinstance(each, dict | list)
    ]


def _parsed(body: str) -> tuple[object, bool]:
    """The JSON document, and whether the names in each object are unique; of equal ones the last counts.

    Raises ValueError if it is not JSON, and RecursionError if it has more than `_MAX_LEVELS`. How many levels
    the parser itself can read depends on Python's version.
    """
    is_unique = True

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal is_unique
        found = dict(pairs)
        is_unique = is_unique and len(found) == len(pairs)
        return found

    document = json.loads(body, parse_constant=_refuse, parse_int=_integer, object_pairs_hook=members)
    if _is_deeper(document, _MAX_LEVELS):
        raise RecursionError("the document is nested too deeply")
    return document, is_unique


def _form_by_beginning(body: bytes, rest: bytes) -> BodyForm | None:
    """What a body is by its first bytes, None if it has to be parsed. ``rest`` is it without the mark."""
    start = rest.lstrip()[:1]
    if not start:
        return BodyForm.EMPTY
    if start == b"<":
        return BodyForm.MARKUP
    return BodyForm.COMPRESSED if body.startswith(_GZIP) else None


def _integer(digits: str) -> int:
    """The number, or its beginning: Python rejects more than 4,300 digits, but JSON has no limit."""
    return int(digits[:_MAX_DIGITS])


def _refuse(constant: str) -> None:
    """Rejects NaN and infinities, which Python accepts but JSON does not have (RFC 8259, section 6)."""
    raise ValueError(constant)


def _health(document: dict[str, Any]) -> ParsedReply:
    size = document.get("xksProxyFleetSize")
    fleet = document.get("ekmFleetDetails")
    managers = tuple(filter(None, map(_manager, fleet))) if isinstance(fleet, list) else ()
    return ParsedReply(
        fault=_health_fault(document, size, fleet, len(managers)), managers=managers[:_MAX_MANAGERS]
    )


def _health_fault(document: dict[str, Any], size: object, fleet: object, understood: int) -> str | None:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return "xksProxyFleetSize is not a positive integer"
    missing = [key for key in _FLEET_TEXTS if not isinstance(document.get(key), str)]
    if missing:
        return f"{missing[0]} is missing or not a string"
    if not isinstance(fleet, list):
        return "ekmFleetDetails is missing or not a list"
    if not 1 <= len(fleet) <= _MAX_MANAGERS:
        return f"ekmFleetDetails has {len(fleet)} entries, but must have 1 to {_MAX_MANAGERS}"
    if understood < len(fleet):
        return "an entry of ekmFleetDetails lacks id, model or a known healthStatus"
    return None


def _manager(entry: object) -> tuple[str, KeyManagerStatus] | None:
    id_, model, state = text(entry, "id"), text(entry, "model"), text(entry, "healthStatus")
    if id_ is None or model is None or state not in tuple(KeyManagerStatus):
        return None
    return id_[:_SHOWN], KeyManagerStatus(state or "")


def _metadata(document: dict[str, Any]) -> ParsedReply:
    spec, status = text(document, "keySpec"), text(document, "keyStatus")
    usage = texts(document, "keyUsage")
    incomplete = spec is None or status is None or not isinstance(document.get("keyUsage"), list)
    fault = "keySpec, keyUsage or keyStatus is missing" if incomplete else None
    return ParsedReply(fault=fault, key_spec=spec, key_usage=usage[:_MAX_MANAGERS], key_status=status)
