"""Adds a healthy AWS account to a scenario that has none, with the DNS records that it needs. Pure."""

from typing import Any

from simulator.aws.account import VERIFICATION_NAME, VERIFICATION_VALUE
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario

_NAME_SERVER = {"name": "dns-1", "rtt": "2ms", "jitter": "0.1ms"}
_OPERATIONS = {"KmsOperation": "Decrypt", "XksOperation": "Decrypt"}
# What CloudWatch has of a key store that works.
_METRICS: list[dict[str, Any]] = [
    {"metric": "XksProxyLatency", "dimensions": _OPERATIONS, "value": 21},
    {"metric": "XksProxyErrors", "dimensions": {"ExceptionName": "None"}, "value": 1300},
    {
        "metric": "XksExternalKeyManagerStates",
        "dimensions": {"XksExternalKeyManagerState": "Active"},
        "value": 2,
    },
    {"metric": "EndpointsCount", "value": 1},
    {"metric": "ActiveConnections", "value": 6},
    {"metric": "NewConnections", "value": 24},
    {"metric": "RstPacketsSent", "value": 0},
]


def with_account(scenario: Scenario) -> Scenario:
    """The scenario with an account, a name server and the TXT record that verifies the domain.

    What the scenario has is kept. Where nothing is wrong, CloudWatch has metrics. A scenario without load
    balancer nodes is returned as it is.
    """
    if not scenario.nodes:
        return scenario
    account = {} if scenario.expect.get("violated") else {"metrics": _METRICS}
    document: dict[str, Any] = {"account": account, **scenario.document}
    if not scenario.name_servers:
        document["name_servers"] = [_NAME_SERVER]
    servers = [server["name"] for server in document["name_servers"]]
    records = list(document.get("records", ()))
    has = {(record.name, record.record_type) for record in scenario.records}
    added = [each for each in _records(scenario, servers[0]) if (each["name"], each["type"]) not in has]
    return read_scenario(scenario.name, {**document, "records": [*records, *added]})


def _records(scenario: Scenario, server: str) -> list[dict[str, Any]]:
    """The domain of the private DNS name is delegated, and has PrivateLink's verification record."""
    _, _, domain = scenario.private_dns_name.lower().partition(".")
    zone = next((zone for zone in scenario.zones if domain == zone or domain.endswith(f".{zone}")), domain)
    return [
        *(
            {"name": name, "type": "NS", "answers": [f"{server}.example.com."]}
            for name in dict.fromkeys((zone, domain))
        ),
        {"name": f"{VERIFICATION_NAME}.{domain}", "type": "TXT", "answers": [VERIFICATION_VALUE]},
    ]
