"""What the inbound rules of security groups admit."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.account import SecurityGroup, SecurityRule
from probe.requirements.evidence.security_groups import admit_everyone, exclude, rules_for

HERE = IPv4Address("10.0.9.9")


def group(
    *cidrs: str, protocol: str = "tcp", ports: tuple[int | None, int | None] = (443, 443), **fields: object
) -> SecurityGroup:
    rule = SecurityRule(protocol=protocol, from_port=ports[0], to_port=ports[1], cidrs=cidrs, **fields)  # type: ignore[arg-type]
    return SecurityGroup(id="sg-1", inbound=(rule,))


@pytest.mark.parametrize(
    ("protocol", "ports", "applies"),
    [
        ("tcp", (443, 443), True),
        ("TCP", (1, 65535), True),
        ("6", (442, 444), True),
        ("-1", (None, None), True),
        ("all", (None, None), True),
        ("tcp", (444, 500), False),
        ("tcp", (1, 442), False),
        ("tcp", (None, 443), False),
        ("tcp", (443, None), False),
        ("udp", (443, 443), False),
    ],
)
def test_a_rule_applies_to_its_protocol_and_ports(
    protocol: str, ports: tuple[int | None, int | None], applies: bool
) -> None:
    assert bool(rules_for([group("10.0.0.0/8", protocol=protocol, ports=ports)], 443)) is applies


@pytest.mark.parametrize(
    ("cidrs", "everyone"),
    [
        (("0.0.0.0/0",), True),
        (("0.0.0.0/1", "128.0.0.0/1"), True),
        (("0.0.0.0/1",), False),
        (("10.0.0.0/8", "not a range"), False),
        ((), False),
    ],
)
def test_ranges_are_compared_as_sets(cidrs: tuple[str, ...], everyone: bool) -> None:
    assert admit_everyone(rules_for([group(*cidrs)], 443)) is everyone


@pytest.mark.parametrize(
    ("groups", "excluded"),
    [
        ((), True),
        ((group(),), True),
        ((group("10.0.9.9/32"),), False),
        ((group("10.0.9.8/32", "10.0.9.10/32"),), True),
        ((group("10.0.9.8/31"),), False),
        ((group("10.0.9.7/24"),), False),  # an address in the range, not its first one
        ((group("not a range", "10.0.9.9/32"),), False),
        ((group("10.0.8.0/24"), group("10.0.9.0/24")), False),
        ((group("0.0.0.0/0", ports=(8443, 8443)),), True),
        ((group(others=("pl-1",)),), False),  # the prefix list may include the address
        ((group(others=("sg-2",), ports=(8443, 8443)),), True),
    ],
)
def test_an_address_is_excluded_if_no_rule_may_admit_it(
    groups: tuple[SecurityGroup, ...], excluded: bool
) -> None:
    assert exclude(groups, 443, HERE) is excluded


@given(st.lists(st.ip_addresses(v=4), max_size=5), st.ip_addresses(v=4))
def test_exactly_the_listed_addresses_are_admitted(listed: list[IPv4Address], address: IPv4Address) -> None:
    assert exclude([group(*(f"{each}/32" for each in listed))], 443, address) is (address not in listed)
