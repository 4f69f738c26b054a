"""What a scenario says of its XKS proxies: credentials, clock, Region and keys."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.sigv4 import Credential

Note = Callable[[str, str], None]  # path, what to do

BOTH = ("ENCRYPT", "DECRYPT")
_KEYS = (
    *("access_key_id", "secret_access_key", "second_access_key_id", "second_secret_access_key"),
    *("region", "clock_offset", "keys"),
)
# KMS's own patterns: CreateCustomKeyStore and CreateKey, as botocore has them.
_ACCESS_KEY_ID = re.compile(r"[A-Z2-7]{20,30}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9/+=]{43,64}", re.ASCII)
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_OFFSET = re.compile(r"([+-]?\d{1,5})(s|m|h)", re.ASCII)
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_USAGES = 10  # what the specification lets a proxy say


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalKey:
    """A key in the external key manager."""

    id: str
    spec: str = "AES_256"
    usage: tuple[str, ...] = BOTH
    is_enabled: bool = True


# The first four have the names that AWS's test client asks for.
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
    secret_access_key="SimulatedSecretOfTheSimulatedProxyNotARealOne0",  # noqa: S106  # it opens nothing
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """All proxies of a world have the same. ``clock_offset_s`` over 0: their clocks are ahead."""

    credentials: tuple[Credential, ...] = (DEFAULT_CREDENTIAL,)
    region: str = "eu-central-1"
    clock_offset_s: float = 0.0
    keys: tuple[ExternalKey, ...] = DEFAULT_KEYS


def read_proxy(value: object, note: Note) -> ProxySettings:
    """The settings in a scenario's ``proxy``; each mistake is given to ``note``."""
    item = _mapping("proxy", value, _KEYS, note)
    default = ProxySettings()
    first = _credential(item, "", note) or DEFAULT_CREDENTIAL
    second = _credential(item, "second_", note)
    region = item.get("region", default.region)
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        note("proxy.region", "write a Region, such as eu-central-1")
        region = default.region
    return ProxySettings(
        credentials=(first, second) if second else (first,),
        region=region,
        clock_offset_s=_offset_s(item.get("clock_offset", "0s"), note),
        keys=_keys(item["keys"], note) if "keys" in item else default.keys,
    )


def _credential(item: Mapping[str, Any], prefix: str, note: Note) -> Credential | None:
    names = (f"{prefix}access_key_id", f"{prefix}secret_access_key")
    if not any(name in item for name in names):
        return None
    access_key_id, secret = (item.get(name) for name in names)
    if not isinstance(access_key_id, str) or not _ACCESS_KEY_ID.fullmatch(access_key_id):
        note(f"proxy.{names[0]}", "write 20 to 30 characters of A-Z and 2-7, as KMS asks for")
    elif not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        note(
            f"proxy.{names[1]}", "write 43 to 64 characters of A-Z, a-z, 0-9, '/', '+', '=', as KMS asks for"
        )
    else:
        return Credential(access_key_id=access_key_id, secret_access_key=secret)
    return None


def _offset_s(value: object, note: Note) -> float:
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        note("proxy.clock_offset", "write whole seconds, minutes or hours, such as 10m or -90s")
        return 0.0
    return int(match[1]) * _UNIT_S[match[2]]


def _keys(value: object, note: Note) -> tuple[ExternalKey, ...]:
    return tuple(_key(id_, item, note) for id_, item in _mapping("proxy.keys", value, None, note).items())


def _key(id_: str, value: object, note: Note) -> ExternalKey:
    path = f"proxy.keys.{id_}"
    item = _mapping(path, value, ("spec", "usage", "enabled"), note)
    default = ExternalKey(id=id_)
    if not _KEY_ID.fullmatch(id_):
        note(path, "name a key with at most 128 letters, digits, '-', '_' and '.'")
    spec, usage = item.get("spec", default.spec), item.get("usage", list(default.usage))
    is_enabled = item.get("enabled", True)
    if not isinstance(spec, str):
        note(f"{path}.spec", "write a text, such as AES_256")
    if not isinstance(usage, list) or len(usage) > _MOST_USAGES or not all(isinstance(u, str) for u in usage):
        note(f"{path}.usage", "write a list of at most ten texts, such as [ENCRYPT, DECRYPT]")
        usage = []
    if not isinstance(is_enabled, bool):
        note(f"{path}.enabled", "write true or false")
    return ExternalKey(id=id_, spec=str(spec), usage=tuple(usage), is_enabled=bool(is_enabled))


def _mapping(path: str, value: object, keys: tuple[str, ...] | None, note: Note) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        note(path, "write a mapping")
        return {}
    for key in value:
        if keys is not None and key not in keys:
            note(f"{path}.{key}", f"is unknown; known are: {', '.join(keys)}")
    return {str(key): item for key, item in value.items()}
