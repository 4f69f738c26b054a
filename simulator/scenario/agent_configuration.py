"""The agent's configuration for a scenario, in the format of docs/configuration-example.yaml. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.scenario.addressing import Addressing
from simulator.scenario.kinds import KINDS, HostKind, host_names, hosts_of
from simulator.scenario.scenario import AnyHost, Host, Scenario

# Short enough for a demo; the 20 connects that the 35 ms verdict needs take 40 s.
_INTERVALS = {"icmp": "1s", "tcp": "2s", "tls": "5s", "dns": "5s", "health": "5s"}
_TIMEOUTS = {"icmp": "1s", "tcp": "2s", "tls": "5s", "dns": "3s", "health": "5s"}
_REFRESH = {"audit": "10s", "record": "10s"}  # the shortest that are allowed
# What the agent finds out from the account.
_DISCOVERED = frozenset({"nodes", "backends"})


def configuration_of(
    scenario: Scenario, addressing: Addressing, root_file: Path, credential_file: Path
) -> dict[str, Any]:
    """The agent's configuration for the simulation; with an account, all that is in AWS is discovered.

    ``root_file`` is the simulated root certificate (PEM), ``credential_file`` the proxies' credential in
    KMS's format.
    """
    is_discovered = scenario.account is not None
    uses_names = bool(scenario.name_servers) and addressing.standard_ports
    names = {host: name for name, host in host_names(scenario).items()} if uses_names else {}
    left_out = _DISCOVERED if is_discovered else frozenset[str]()
    kinds = [kind for kind in KINDS if kind.section and kind.section not in left_out]
    sections = {kind.section: _section(kind, scenario, addressing, names) for kind in kinds}
    resolvers = [each["address"] for each in sections["resolvers"]]
    return {
        **(_discovered if is_discovered else _typed)(scenario, credential_file),
        **sections,
        "resolve_with": resolvers,
        **({"public_resolvers": resolvers} if is_discovered else {}),
        "extra_authorities": [str(root_file)],
        "intervals": _INTERVALS | (_REFRESH if is_discovered else {}),
        "timeouts": _TIMEOUTS | (_REFRESH if is_discovered else {}),
        "threshold": "35ms",
        "report_interval": "2s",
    }


def _discovered(scenario: Scenario, credential_file: Path) -> dict[str, Any]:
    """What a user of discovery writes: the key store, its credential, and a key to ask for."""
    keys = scenario.proxy.keys
    return {
        "key_store": {
            "id": scenario.key_store,
            "region": scenario.proxy.region,
            **({"key_id": keys[0].id} if keys else {}),
            "credential": {"file": str(credential_file)},
        }
    }


def _typed(scenario: Scenario, credential_file: Path) -> dict[str, Any]:
    """The key store settings, including all that a signed health request needs."""
    return {
        "key_store": {
            "id": scenario.key_store,
            "region": scenario.proxy.region,
            "uri_path": scenario.uri_path,
            "credential": {"file": str(credential_file)},
        },
        "discovery": False,
        "proxy": {"private_dns_name": scenario.private_dns_name},
    }


def _section(
    kind: HostKind, scenario: Scenario, addressing: Addressing, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    if not addressing.standard_ports and "port" not in kind.agent_keys:
        return []  # the agent would use the standard port, where nothing listens
    return [_entry(kind, host, addressing, names) for host in hosts_of(scenario, kind)]


def _entry(kind: HostKind, host: AnyHost, addressing: Addressing, names: Mapping[str, str]) -> dict[str, Any]:
    endpoint = addressing.endpoints[host.name]
    values: Mapping[str, Any] = {
        "name": host.name,
        "region": host.name,
        "zone": "" if isinstance(host, Host) else host.zone,
        "host": names.get(host.name, endpoint.address),
        "address": endpoint.address,
        "port": endpoint.port,
    }
    return {key: values[key] for key in kind.agent_keys}
