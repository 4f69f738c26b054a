"""The agent's configuration for a scenario, in the format of docs/configuration-example.yaml. Pure."""

from pathlib import Path
from typing import Any

from simulator.scenario.dns_records import host_names
from simulator.scenario.layout import Layout
from simulator.scenario.scenario import Scenario

# Short enough for a demo; 20 connects, which the 35 ms are decided by, take 40 s.
_INTERVALS = {"icmp": "1s", "tcp": "2s", "tls": "5s", "dns": "5s"}
_TIMEOUTS = {"icmp": "1s", "tcp": "2s", "tls": "5s", "dns": "3s"}


def configuration_of(scenario: Scenario, layout: Layout, root_file: Path) -> dict[str, Any]:
    """What the agent is told of the world; ``root_file`` is the PEM file of its root."""
    uses_names = bool(scenario.name_servers) and not layout.reduced
    names = {host: name for name, host in host_names(scenario).items()} if uses_names else {}

    def where(host: str) -> dict[str, Any]:
        endpoint = layout.endpoints[host]
        return {"host": names.get(host, endpoint.address), "port": endpoint.port}

    def registered(host: str, zone: str) -> dict[str, Any]:
        endpoint = layout.endpoints[host]
        return {"name": host, "address": endpoint.address, "port": endpoint.port, "zone": zone}

    servers = () if layout.reduced else scenario.name_servers  # only port 53 can be configured
    return {
        "key_store": {"id": scenario.key_store},
        "proxy": {"private_dns_name": scenario.private_dns_name},
        "nodes": [registered(node.name, node.zone) for node in scenario.nodes],
        "backends": [registered(backend.name, backend.zone) for backend in scenario.backends],
        "key_managers": [{"name": host.name, **where(host.name)} for host in scenario.key_managers],
        "regions": [{"region": host.name, **where(host.name)} for host in scenario.regions],
        "resolvers": [{"name": host.name, "address": layout.address(host.name)} for host in servers],
        "resolve_with": [layout.address(host.name) for host in servers],
        "extra_authorities": [str(root_file)],
        "intervals": dict(_INTERVALS),
        "timeouts": dict(_TIMEOUTS),
        "threshold": "35ms",
        "report_interval": "2s",
    }
