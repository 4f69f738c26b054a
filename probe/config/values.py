"""The types of values in the configuration; each error states what is wrong and what to write instead."""

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from probe.model.kinds import CHECKS, PLANNED
from probe.model.targets import Check
from probe.model.text import clean
from probe.requirements.key_store_form import path_fault, service_name_fault
from probe.wire.aws_names import ACCOUNT_ID, EXTERNAL_KEY_ID, REGION, SECRET_ARN
from probe.wire.duration import format_duration, parse_duration
from probe.wire.hostport import check_address, check_host, check_name, check_port

DAY_S = 86400.0
MIN_KEEP_S, MAX_KEEP_S = 3600.0, 400 * DAY_S
MIN_HISTORY_BYTES, MAX_HISTORY_BYTES = 16 << 20, 64 << 30
MAX_VANTAGE = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CHECKS = {CHECKS[check].key: check for check in PLANNED}
_RECORD_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
_MAX_URL_LENGTH = 2048
_DAYS = re.compile(r"([0-9]{1,4})d")
_SIZE = re.compile(r"([0-9]{1,6})(MiB|GiB)")
_UNIT_BYTES = {"MiB": 1 << 20, "GiB": 1 << 30}
_DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"


def kind(value: object) -> str:
    """The YAML type of a value, for messages."""
    match value:
        case None:
            return "empty"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def shown(value: object) -> str:
    """A value in an error message: quoted if it is text, escaped, cut to 80 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    return clean(repr(value) if isinstance(value, str) else str(value), 80)


def what(value: object) -> str:
    """The beginning of a message about a value of the wrong type.

    >>> what(None), what([1]), what(7)
    ('is empty', 'is a list', '7 is a number')
    """
    if value is None or isinstance(value, list | dict):
        return f"is {kind(value)}"
    return f"{shown(value)} is {kind(value)}"


def wrong(message: str) -> PydanticCustomError:
    # Passed as a value, because pydantic would read braces in the template itself as placeholders.
    return PydanticCustomError("configuration", "{message}", {"message": message})


def _text(check: Callable[[str], Any], wanted: str) -> BeforeValidator:
    """Validates text by ``check``, whose ValueError continues the message after the value."""

    def validate(value: object) -> Any:
        if not isinstance(value, str):
            raise wrong(f"{what(value)}; expected {wanted}")
        try:
            return check(value)
        except ValueError as error:
            raise wrong(f"{shown(value)} {error}") from None

    return BeforeValidator(validate)


def _duration(min_s: float, max_s: float) -> BeforeValidator:
    def validate(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise wrong(f"{what(value)}; expected a duration such as 250ms, 15s, 10m or 1h")
        try:
            seconds = parse_duration(value) if isinstance(value, str) else float(value)
        except ValueError as error:
            raise wrong(f"{shown(value)} {error}") from None
        if seconds < min_s:
            raise wrong(f"{shown(value)} is too short; use {format_duration(min_s)} or more")
        if seconds > max_s:
            raise wrong(f"{shown(value)} is too long; use {format_duration(max_s)} or less")
        return seconds

    return BeforeValidator(validate)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("is not a valid name; use 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def _vantage(text: str) -> str:
    if text != clean(text, MAX_VANTAGE) or text != text.strip():
        raise ValueError(f"must be at most {MAX_VANTAGE} printable characters, without space at the ends")
    return text


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is not supported; must be one of {', '.join(choices)}")
        return text

    return check


def _check(text: str) -> Check:
    return _CHECKS[_one_of(tuple(_CHECKS))(text)]


def _secret_arn(text: str) -> str:
    if not SECRET_ARN.fullmatch(text):
        raise ValueError(
            "is not the ARN of a secret; the format is arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"
        )
    return text


def _region(text: str) -> str:
    if not REGION.fullmatch(text):
        raise ValueError("is not a Region; use a name such as eu-central-1")
    return text


def _service_name(text: str) -> str:
    if (fault := service_name_fault(text)) is not None:
        raise ValueError(f"{fault}; copy it from the endpoint service's details in the VPC console")
    return text


def _uri_endpoint(text: str) -> str:
    if not text.startswith("https://"):
        raise ValueError("does not start with https://; write https:// and the private DNS name")
    check_name(text.removeprefix("https://"))
    return text


def _account_id(text: str) -> str:
    if not ACCOUNT_ID.fullmatch(text):
        raise ValueError("is not an account; use its 12 digits, in quotes")
    return text


def _uri_path(text: str) -> str:
    if (fault := path_fault(text)) is not None:
        raise ValueError(f"{fault}; use [/PREFIX]/kms/xks/v1")
    return text


def _key_id(text: str) -> str:
    if not EXTERNAL_KEY_ID.fullmatch(text):
        raise ValueError("is not an external key id; use 1 to 128 letters, digits, '-', '_' and '.'")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or len(text) > _MAX_URL_LENGTH:
        raise ValueError("is not a URL; use one such as https://probe.example.com/")
    return text


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not port:
        raise ValueError("has no port; use address:port, for example 127.0.0.1:9911")
    # 0.0.0.0, all addresses, is valid here; whether it is allowed without a password is checked at the start.
    if host not in ("localhost", "0.0.0.0"):
        check_address(host)
    if port != "0":  # 0: any free port
        check_port(port)
    return text


def _keep(text: str) -> float:
    """How long results are kept: in days, or like every other duration."""
    days = _DAYS.fullmatch(text)
    seconds = int(days[1]) * DAY_S if days else parse_duration(text)
    if not MIN_KEEP_S <= seconds <= MAX_KEEP_S:
        raise ValueError("is not possible; use 1h to 400d")
    return seconds


def _size(text: str) -> int:
    size = _SIZE.fullmatch(text)
    if size is None:
        raise ValueError("is not a size; use a number with a unit, such as 512MiB or 2GiB")
    size_bytes = int(size[1]) * _UNIT_BYTES[size[2]]
    if not MIN_HISTORY_BYTES <= size_bytes <= MAX_HISTORY_BYTES:
        raise ValueError("is not possible; use 16MiB to 64GiB")
    return size_bytes


def _database(text: str) -> str:
    if not text or "\0" in text or text.endswith("/"):
        raise ValueError("is not a file name; use the path of a file for the history")
    return text


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("is not a file name; use the path of a PEM file")
    return text


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{what(value)}; expected a port, an integer from 1 to 65535")
    try:
        return check_port(str(value))
    except ValueError as error:
        raise wrong(f"{value} {error}") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"{what(value)}; expected true or false")
    return value


def _duration_schema(min_s: float, max_s: float) -> WithJsonSchema:
    number = {"type": "number", "minimum": min_s, "maximum": max_s, "description": "seconds"}
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": _DURATION_PATTERN}, number]})


_STRING = WithJsonSchema({"type": "string"})
_IPV4 = WithJsonSchema({"type": "string", "format": "ipv4"})

Name = Annotated[
    str, _text(_name, "a name"), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
]
Vantage = Annotated[
    str, _text(_vantage, "text"), WithJsonSchema({"type": "string", "maxLength": MAX_VANTAGE})
]
Address = Annotated[str, _text(check_address, "an IPv4 address"), _IPV4]
DnsName = Annotated[
    str, _text(check_name, "a DNS name"), WithJsonSchema({"type": "string", "format": "hostname"})
]
Host = Annotated[str, _text(check_host, "an IPv4 address or a DNS name"), _STRING]
FilePath = Annotated[str, _text(_path, "the path of a PEM file"), _STRING]
Url = Annotated[str, _text(_url, "a URL"), WithJsonSchema({"type": "string", "format": "uri"})]
Listen = Annotated[str, _text(_listen, "address:port"), _STRING]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
RecordType = Annotated[
    str, _text(_one_of(_RECORD_TYPES), "a record type"), WithJsonSchema({"enum": list(_RECORD_TYPES)})
]
CheckName = Annotated[Check, _text(_check, "a check"), WithJsonSchema({"enum": list(_CHECKS)})]
Port = Annotated[
    int, BeforeValidator(_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535})
]
SecretArn = Annotated[str, _text(_secret_arn, "the ARN of a secret"), _STRING]
RegionName = Annotated[str, _text(_region, "a Region"), _STRING]
ServiceName = Annotated[str, _text(_service_name, "the name of an endpoint service"), _STRING]
UriEndpoint = Annotated[str, _text(_uri_endpoint, "https:// and a DNS name"), _STRING]
AccountId = Annotated[str, _text(_account_id, "the 12 digits of an account, in quotes"), _STRING]
UriPath = Annotated[str, _text(_uri_path, "a URI path"), _STRING]
ExternalKeyId = Annotated[str, _text(_key_id, "an external key id"), _STRING]
HistoryPath = Annotated[str, _text(_database, "the path of a file"), _STRING]
Keep = Annotated[
    float,
    _text(_keep, "a duration such as 36h or 7d"),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"}),
]
Size = Annotated[
    int,
    _text(_size, "a size such as 512MiB or 2GiB"),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$"}),
]
Timeout = Annotated[float, _duration(0.01, 60.0), _duration_schema(0.01, 60.0)]
Threshold = Annotated[float, _duration(0.001, 10.0), _duration_schema(0.001, 10.0)]
# Facts that were not read for 15 minutes are unknown. An interval has jitter, and a reading takes time.
RefreshInterval = Annotated[float, _duration(10.0, 600.0), _duration_schema(10.0, 600.0)]
# Reports that are two minutes old are an alert, XksProbeResultsStale.
ReportInterval = Annotated[float, _duration(1.0, 60.0), _duration_schema(1.0, 60.0)]


def interval(min_s: float) -> Any:
    """The type of an interval between ``min_s``, the check's hard limit for one target, and a day."""
    return Annotated[float, _duration(min_s, DAY_S), _duration_schema(min_s, DAY_S)]
