"""What the inbound rules of security groups admit. Pure.

Rules only admit: what no rule admits is dropped without an answer. Members of prefix lists and of referenced
security groups are not read.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from probe.model.account import SecurityGroup, SecurityRule

_ALL = frozenset({"-1", "all"})  # a rule for all protocols has no ports
_TCP = frozenset({"tcp", "6"}) | _ALL
_EVERY_ADDRESS = IPv4Network("0.0.0.0/0")


def rules_for(groups: Iterable[SecurityGroup], port: int) -> tuple[SecurityRule, ...]:
    """The rules that apply to TCP connections to the port."""
    return tuple(rule for group in groups for rule in group.inbound if _is_for(rule, port))


def _is_for(rule: SecurityRule, port: int) -> bool:
    if rule.protocol.lower() not in _TCP:
        return False
    if rule.protocol.lower() in _ALL:
        return True
    if rule.from_port is None or rule.to_port is None:
        return False
    return rule.from_port <= port <= rule.to_port


def admit_everyone(rules: Iterable[SecurityRule]) -> bool:
    """Whether the IPv4 ranges are together every address, such as 0.0.0.0/1 and 128.0.0.0/1."""
    return list(collapse_addresses(_ranges(rules))) == [_EVERY_ADDRESS]


def exclude(groups: Iterable[SecurityGroup], port: int, address: IPv4Address) -> bool:
    """Whether no rule admits TCP connections from the address to the port.

    False if a rule refers to a prefix list or another group, because the address may be in it.
    """
    rules = rules_for(groups, port)
    return not any(rule.others for rule in rules) and not any(address in each for each in _ranges(rules))


def _ranges(rules: Iterable[SecurityRule]) -> list[IPv4Network]:
    found: list[IPv4Network] = []
    for rule in rules:
        for cidr in rule.cidrs:
            try:
                found.append(IPv4Network(cidr, strict=False))
            except ValueError:
                continue  # not an IPv4 range
    return found
