"""`--redact`: replaces account ids, private addresses and key ids in a preflight with pseudonyms. Pure.

A value has the same pseudonym everywhere in a report, and in all reports about the same key store or endpoint
service, so that reports can be compared. This is not encryption: anyone who knows which key store the report
is about can test guesses, at about 10 ms each.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from exporters.report.preflight import Preflight

# RFC 1918, RFC 6598, RFC 3927: the private ranges that NLB nodes and targets can use.
_PRIVATE = tuple(
    map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"))
)
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_ADDRESS = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?![0-9]|\.[0-9])")
_HOST_NAME = re.compile(r"\bip-([0-9]{1,3}(?:-[0-9]{1,3}){3})\b")  # EC2's: ip-10-0-1-5
# Keys of KMS, and access keys of AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_KEY_ID = re.compile(
    r"\bmrk-[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\bA(?:KIA|SIA|IDA|ROA)[A-Z0-9]{16}\b"
)
# scrypt's cost: 4 MiB and about 10 ms per value; a report has at most a hundred values.
_COST, _BLOCK_BYTES, _DIGITS = 2**12, 8, 8


def redacted(of: Preflight) -> Preflight:
    """The same preflight with pseudonyms; nothing else changes."""
    spec = of.evidence.spec
    about = (spec and (spec.id or spec.service_name or spec.host)) or ""
    names = _Pseudonyms(about, spec.key_id if spec else None)
    walked: Preflight = _walked(of, names.in_text)
    return replace(walked, is_redacted=True)


class _Pseudonyms:
    """Finds the values to hide, and keeps the pseudonym of each."""

    def __init__(self, about: str, external_key_id: str | None) -> None:
        self._salt = f"xks-probe {about}".encode()
        self._known: dict[tuple[str, str], str] = {}
        # An external key's id may be any word. Only whole words are replaced: a short id occurs in others.
        self._external = (
            re.compile(rf"(?<![\w.-]){re.escape(external_key_id)}(?![\w-])") if external_key_id else None
        )

    def in_text(self, text: str) -> str:
        if self._external is not None:
            text = self._external.sub(lambda found: self._of("key", found[0]), text)
        text = _KEY_ID.sub(lambda found: self._of("key", found[0]), text)
        text = _ACCOUNT.sub(lambda found: self._of("account", found[0]), text)
        text = _HOST_NAME.sub(lambda found: self._address(found[0], found[1].replace("-", ".")), text)
        return _ADDRESS.sub(lambda found: self._address(found[0], found[1]), text)

    def _address(self, found: str, address: str) -> str:
        try:
            parsed = IPv4Address(address)
        except ValueError:
            return found
        return self._of("address", address) if any(parsed in each for each in _PRIVATE) else found

    def _of(self, kind: str, value: str) -> str:
        if (kind, value) not in self._known:
            password = f"{kind} {value}".encode()
            digest = hashlib.scrypt(
                password, salt=self._salt, n=_COST, r=_BLOCK_BYTES, p=1, dklen=_DIGITS // 2
            )
            self._known[kind, value] = f"{kind}-{digest.hex()}"
        return self._known[kind, value]


def _walked(value: Any, in_text: Callable[[str], str]) -> Any:
    """``value`` with each text in it replaced; enumerations and numbers stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return in_text(value)
    if isinstance(value, tuple | list | frozenset):
        return type(value)(_walked(each, in_text) for each in value)
    if isinstance(value, Mapping):
        return {_walked(key, in_text): _walked(each, in_text) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        inner = {
            each.name: _walked(getattr(value, each.name), in_text) for each in fields(value) if each.init
        }
        return replace(value, **inner)
    return value
