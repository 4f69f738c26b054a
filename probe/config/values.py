"""The kinds of values in the configuration: each says what is wrong with a text and what to write instead."""

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from probe.model.kinds import CHECKS, PLANNED
from probe.model.targets import Check
from probe.model.text import clean
from probe.requirements.key_store_form import path_fault
from probe.wire.aws_names import EXTERNAL_KEY_ID, REGION, SECRET_ARN
from probe.wire.duration import format_duration, parse_duration
from probe.wire.hostport import check_address, check_host, check_name, check_port

DAY_S = 86400.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CHECKS = {CHECKS[check].key: check for check in PLANNED}
_RECORD_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
_MAX_URL_LENGTH = 2048
_DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$"


def kind(value: object) -> str:
    """What a value is, in the words of YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def shown(value: object) -> str:
    """A value in an error: quoted, cleaned, short."""
    return clean(repr(value) if isinstance(value, str) else str(value), 80)


def what(value: object) -> str:
    """A value of the wrong kind, as the beginning of a message.

    >>> what(None), what([1]), what(7)
    ('is empty', 'is a list', '7 is a number')
    """
    if value is None or isinstance(value, list | dict):
        return f"is {kind(value)}"
    return f"{shown(value)} is {kind(value)}"


def wrong(message: str) -> PydanticCustomError:
    # Braces would be taken for the template's own places.
    return PydanticCustomError("configuration", "{message}", {"message": message})


def _text(check: Callable[[str], Any], wanted: str) -> BeforeValidator:
    """Text that passes ``check``, whose ValueError goes on after the value."""

    def validate(value: object) -> Any:
        if not isinstance(value, str):
            raise wrong(f"{what(value)}; {wanted} belongs here")
        try:
            return check(value)
        except ValueError as error:
            raise wrong(f"{shown(value)} {error}") from None

    return BeforeValidator(validate)


def _duration(least_s: float, most_s: float) -> BeforeValidator:
    def validate(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise wrong(f"{what(value)}; a duration belongs here, as 250ms, 15s, 10m or 1h")
        try:
            seconds = parse_duration(value) if isinstance(value, str) else float(value)
        except ValueError as error:
            raise wrong(f"{shown(value)} {error}") from None
        if seconds < least_s:
            raise wrong(f"{shown(value)} is too short; write {format_duration(least_s)} or more")
        if seconds > most_s:
            raise wrong(f"{shown(value)} is too long; write {format_duration(most_s)} or less")
        return seconds

    return BeforeValidator(validate)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("is not a label; write 1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return text

    return check


def _check(text: str) -> Check:
    return _CHECKS[_one_of(tuple(_CHECKS))(text)]


def _secret_arn(text: str) -> str:
    if not SECRET_ARN.fullmatch(text):
        raise ValueError("is no ARN of a secret; write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME")
    return text


def _region(text: str) -> str:
    if not REGION.fullmatch(text):
        raise ValueError("is no Region; write it as in eu-central-1")
    return text


def _uri_path(text: str) -> str:
    if (fault := path_fault(text)) is not None:
        raise ValueError(f"{fault}; write [/PREFIX]/kms/xks/v1")
    return text


def _key_id(text: str) -> str:
    if not EXTERNAL_KEY_ID.fullmatch(text):
        raise ValueError("is no external key's id; write letters, digits, '-', '_' and '.'")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or len(text) > _MAX_URL_LENGTH:
        raise ValueError("is not a URL; write one such as https://probe.example.com/")
    return text


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not port:
        raise ValueError("has no port; write address:port, as in 127.0.0.1:9911")
    if host != "localhost":
        address = (
            host if host != "0.0.0.0" else "127.0.0.1"
        )  # every address: whether that may be is asked later
        check_address(address)
    if port != "0":  # 0: any free port
        check_port(port)
    return text


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("is not a file's name; write the path of a PEM file")
    return text


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{what(value)}; a port belongs here, a number from 1 to 65535")
    try:
        return check_port(str(value))
    except ValueError as error:
        raise wrong(f"{value} {error}") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"{what(value)}; write true or false")
    return value


def _duration_schema(least_s: float, most_s: float) -> WithJsonSchema:
    number = {"type": "number", "minimum": least_s, "maximum": most_s, "description": "seconds"}
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": _DURATION_PATTERN}, number]})


_STRING = WithJsonSchema({"type": "string"})
_IPV4 = WithJsonSchema({"type": "string", "format": "ipv4"})

Name = Annotated[
    str, _text(_name, "a name"), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
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
UriPath = Annotated[str, _text(_uri_path, "a URI path"), _STRING]
ExternalKeyId = Annotated[str, _text(_key_id, "an external key's id"), _STRING]
Timeout = Annotated[float, _duration(0.01, 60.0), _duration_schema(0.01, 60.0)]
Threshold = Annotated[float, _duration(0.001, 10.0), _duration_schema(0.001, 10.0)]
ReportInterval = Annotated[float, _duration(1.0, 3600.0), _duration_schema(1.0, 3600.0)]


def interval(least_s: float) -> Any:
    """How often at most: the hard cap of a check for one target."""
    return Annotated[float, _duration(least_s, DAY_S), _duration_schema(least_s, DAY_S)]
