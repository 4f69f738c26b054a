"""Writes a key store and its targets as a configuration, for agents that may not call AWS. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from probe.model.kinds import ROLES
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.text import clean

_HEAD = """\
# Configuration of the xks-probe agent: what the AWS account listed when this file was written.
# The agent makes no AWS call and does not follow changes; delete the next line to let it do both.
discovery: false
"""
_TAIL = """
# AWS does not know the key managers behind the proxy; the 35 ms limit is for these.
# key_managers:
#   - {name: hsm-1, host: 192.0.2.30, port: 443}
"""
# What YAML reads as this text without quotes; everything else is quoted.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/-]*|[0-9]+(\.[0-9]+){3}", re.ASCII)
_KEYWORDS = frozenset({"true", "false", "null"})  # also in capitals
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_MAX_NAME = 64


def written(spec: KeyStoreSpec, targets: Iterable[Target]) -> str:
    """The YAML text; only nodes and backends of ``targets`` are written, others are not from AWS."""
    entries = list(targets)
    parts = [_HEAD, f"key_store: {_flow(_store(spec))}\n"]
    proxy = _proxy(spec, entries)
    if proxy:
        parts.append(f"proxy: {_flow(proxy)}\n")
    for role in (Role.NODE, Role.BACKEND):
        of_role = [target for target in entries if target.role is role]
        if of_role:
            parts += [f"\n{ROLES[role].section}:\n", *(f"  - {_flow(_entry(each))}\n" for each in of_role)]
    return "".join([*parts, _TAIL])


def _store(spec: KeyStoreSpec) -> Mapping[str, object]:
    found = {
        "id": spec.id or None,
        "region": spec.region,
        "endpoint_service": spec.service_name,
        "owner": spec.service_owner,
        "uri_path": spec.uri_path,
    }
    return {key: value for key, value in found.items() if value is not None}


def _proxy(spec: KeyStoreSpec, targets: Iterable[Target]) -> Mapping[str, object]:
    """The private DNS name; a public endpoint is also probed, by its name."""
    if spec.host is None:
        return {}
    is_probed = any(target.role is Role.PROXY for target in targets)
    return {"private_dns_name": spec.host, **({"host": spec.host} if is_probed else {})}


def _entry(target: Target) -> Mapping[str, object]:
    port = {"port": target.port} if target.port != ROLES[target.role].port else {}
    zone = {"zone": _name(target.zone)} if target.zone else {}
    return {"name": _name(target.name), "address": target.host, **port, **zone}


def _name(text: str) -> str:
    """A name that the configuration accepts."""
    return _NOT_IN_NAMES.sub("-", text).strip("-._")[:_MAX_NAME]


def _flow(values: Mapping[str, object]) -> str:
    return f"{{{', '.join(_pairs(values))}}}"


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        text = str(value)
        is_plain = isinstance(value, int) or (_PLAIN.fullmatch(text) and text.lower() not in _KEYWORDS)
        yield f"{key}: {text if is_plain else json.dumps(clean(text), ensure_ascii=False)}"
