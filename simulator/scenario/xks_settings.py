"""The XKS proxy settings of a scenario: credentials, clock, Region and keys."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.scenario.fields import Fields
from simulator.sigv4 import Credential

BOTH = ("ENCRYPT", "DECRYPT")
# The patterns of CreateCustomKeyStore and CreateKey in botocore's model of KMS.
_CREDENTIAL = {
    "access_key_id": (
        re.compile(r"[A-Z2-7]{20,30}", re.ASCII),
        "20 to 30 characters of A-Z and 2-7",
    ),
    "secret_access_key": (
        re.compile(r"[A-Za-z0-9/+=]{43,64}", re.ASCII),
        "43 to 64 characters of A-Z, a-z, 0-9, '/', '+', '='",
    ),
}
_KEYS = (*_CREDENTIAL, *(f"second_{word}" for word in _CREDENTIAL), "region", "clock_offset", "keys")
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_OFFSET = re.compile(r"([+-]?\d{1,5})(s|m|h)", re.ASCII)
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MAX_USAGES = 10  # the maximum in the proxy API specification


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalKey:
    """A key in the external key manager."""

    id: str
    spec: str = "AES_256"
    usage: tuple[str, ...] = BOTH
    is_enabled: bool = True


# The first four are the key names that AWS's test client uses.
DEFAULT_KEYS = (
    ExternalKey(id="foo"),
    ExternalKey(id="encrypt_only_key", usage=("ENCRYPT",)),
    ExternalKey(id="decrypt_only_key", usage=("DECRYPT",)),
    ExternalKey(id="impotent_key", usage=("SIGN", "VERIFY")),
    ExternalKey(id="disabled_key", is_enabled=False),
    ExternalKey(id="aes_128_key", spec="AES_128"),
)
DEFAULT_CREDENTIAL = Credential(
    access_key_id="SIMULATEDPROXYKEYTWO",
    secret_access_key="SimulatedSecretOfTheSimulatedProxyNotARealOne0",  # noqa: S106  # not a real secret
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """The same for all proxies of a simulation. ``clock_offset_s`` > 0: their clocks are ahead."""

    credentials: tuple[Credential, ...] = (DEFAULT_CREDENTIAL,)
    region: str = "eu-central-1"
    clock_offset_s: float = 0.0
    keys: tuple[ExternalKey, ...] = DEFAULT_KEYS


def read_proxy(value: object, fields: Fields) -> ProxySettings:
    """Read a scenario's ``proxy`` section."""
    item = fields.mapping("proxy", value, _KEYS)
    default = ProxySettings()
    first = _credential(item, "", fields) or DEFAULT_CREDENTIAL
    second = _credential(item, "second_", fields)
    region = item.get("region", default.region)
    what_to_do = "write a Region, such as eu-central-1"
    return ProxySettings(
        credentials=(first, second) if second else (first,),
        region=fields.matching("proxy.region", region, _REGION, what_to_do) or default.region,
        clock_offset_s=_offset_s(item.get("clock_offset", "0s"), fields),
        keys=_keys(item["keys"], fields) if "keys" in item else default.keys,
    )


def _credential(item: Mapping[str, Any], prefix: str, fields: Fields) -> Credential | None:
    """The credential; None if it is absent or invalid."""
    words = [f"{prefix}{word}" for word in _CREDENTIAL]
    if not any(word in item for word in words):
        return None
    found: list[str] = []
    for word, (pattern, form) in zip(words, _CREDENTIAL.values(), strict=True):
        text = fields.matching(f"proxy.{word}", item.get(word), pattern, f"write {form}, as KMS requires")
        if text is None:
            return None
        found.append(text)
    return Credential(access_key_id=found[0], secret_access_key=found[1])


def _offset_s(value: object, fields: Fields) -> float:
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        fields.note("proxy.clock_offset", "write whole seconds, minutes or hours, such as 10m or -90s")
        return 0.0
    return int(match[1]) * _UNIT_S[match[2]]


def _keys(value: object, fields: Fields) -> tuple[ExternalKey, ...]:
    return tuple(_key(id_, item, fields) for id_, item in fields.mapping("proxy.keys", value).items())


def _key(id_: str, value: object, fields: Fields) -> ExternalKey:
    path = f"proxy.keys.{id_}"
    item = fields.mapping(path, value, ("spec", "usage", "enabled"))
    fields.matching(path, id_, _KEY_ID, "name a key with at most 128 letters, digits, '-', '_' and '.'")
    default = ExternalKey(id=id_)
    usage = item.get("usage", list(default.usage))
    if not isinstance(usage, list) or len(usage) > _MAX_USAGES or not all(isinstance(u, str) for u in usage):
        fields.note(f"{path}.usage", "write a list of at most ten strings, such as [ENCRYPT, DECRYPT]")
        usage = []
    return ExternalKey(
        id=id_,
        spec=fields.text(f"{path}.spec", item.get("spec", default.spec)),
        usage=tuple(usage),
        is_enabled=fields.flag(f"{path}.enabled", item.get("enabled", True)),
    )
