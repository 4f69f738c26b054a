"""A network ACL and one target: outbound traffic and return traffic, at the limits of ports and addresses."""

from ipaddress import IPv4Address

import pytest

from probe.model.account import AclEntry, NetworkAcl
from probe.requirements.evidence.network_acls import acl_of, denial

TARGET, PORT = IPv4Address("192.168.1.5"), 443
OUT, BACK = True, False
Ports = tuple[int, int] | None


def entry(
    number: int,
    is_egress: bool,
    *,
    allows: bool = True,
    ports: Ports = None,
    cidr: str = "0.0.0.0/0",
    protocol: str = "6",
) -> AclEntry:
    low, high = ports or (None, None)
    return AclEntry(
        number=number,
        is_egress=is_egress,
        allows=allows,
        protocol=protocol,
        cidr=cidr,
        from_port=low,
        to_port=high,
    )


ALL_OUT, ALL_BACK = entry(100, OUT, protocol="-1"), entry(100, BACK, protocol="-1")


@pytest.mark.parametrize(
    ("out", "passes"),
    [
        ([entry(100, OUT, ports=(443, 443))], True),
        ([entry(100, OUT, ports=(442, 444))], True),
        ([entry(100, OUT, ports=(444, 65535))], False),
        ([entry(100, OUT, ports=(0, 442))], False),
        ([entry(100, OUT, protocol="17", ports=(443, 443))], False),
        ([entry(100, OUT, protocol="-1")], True),
        ([entry(100, OUT, cidr="192.168.1.5/32")], True),
        ([entry(100, OUT, cidr="192.168.1.4/32")], False),
        ([entry(100, OUT, cidr="192.168.1.6/32")], False),
        ([entry(100, OUT, cidr="nonsense")], False),
        ([], False),
        ([entry(99, OUT, allows=False), entry(100, OUT)], False),
        ([entry(100, OUT), entry(101, OUT, allows=False)], True),
        # Entries are tried in the order of their numbers, not in the order of the list.
        ([entry(101, OUT, allows=False), entry(100, OUT)], True),
        ([entry(99, OUT, allows=False, ports=(444, 65535)), entry(100, OUT)], True),
        ([entry(99, OUT, allows=False, cidr="192.168.0.0/16"), entry(100, OUT)], False),
        ([entry(99, OUT, allows=False, cidr="10.0.0.0/8"), entry(100, OUT)], True),
    ],
)
def test_the_first_entry_that_matches_the_targets_port_decides(out: list[AclEntry], *, passes: bool) -> None:
    denied = denial(NetworkAcl(id="acl-1", entries=(*out, ALL_BACK)), TARGET, PORT)
    assert denied == (None if passes else "denies outbound traffic to port 443")


@pytest.mark.parametrize(
    ("back", "denied"),
    [
        ([entry(100, BACK, ports=(1024, 65535))], None),
        ([entry(100, BACK, ports=(0, 65535))], None),
        ([entry(100, BACK, ports=(1025, 65535))], 1024),
        ([entry(100, BACK, ports=(1024, 65534))], 65535),
        ([entry(100, BACK, ports=(32768, 65535))], 1024),
        ([entry(100, BACK, ports=(1024, 30000)), entry(101, BACK, ports=(30001, 65535))], None),
        ([entry(100, BACK, ports=(1024, 30000)), entry(101, BACK, ports=(30002, 65535))], 30001),
        ([entry(99, BACK, allows=False, ports=(3389, 3389)), entry(100, BACK)], 3389),
        ([entry(100, BACK), entry(101, BACK, allows=False, ports=(3389, 3389))], None),
        ([entry(99, BACK, allows=False, ports=(0, 1023)), entry(100, BACK)], None),
        ([entry(99, BACK, allows=False, ports=(0, 1024)), entry(100, BACK)], 1024),
        ([entry(100, BACK, ports=(443, 443))], 1024),
        ([], 1024),
        ([entry(100, BACK, cidr="10.0.0.0/8")], 1024),
    ],
)
def test_return_traffic_must_be_allowed_on_every_port_from_1024(
    back: list[AclEntry], denied: int | None
) -> None:
    found = denial(NetworkAcl(id="acl-1", entries=(*back, ALL_OUT)), TARGET, PORT)
    assert found == (None if denied is None else f"denies return traffic to port {denied}")


def test_a_subnet_without_its_own_acl_has_the_default_one() -> None:
    own, default = NetworkAcl(id="own", subnet_ids=("subnet-1",)), NetworkAcl(id="default", is_default=True)
    assert acl_of("subnet-1", (default, own)) == own
    assert acl_of("subnet-2", (default, own)) == default
    assert acl_of("subnet-2", (own,)) is None


@pytest.mark.parametrize(("ports", "passes"), [((443, None), True), ((None, 443), True), ((444, None), True)])
def test_an_entry_without_both_ports_applies_to_all_ports(
    ports: tuple[int | None, int | None], *, passes: bool
) -> None:
    low, high = ports
    open_ended = AclEntry(
        number=100, is_egress=OUT, allows=True, protocol="6", cidr="0.0.0.0/0", from_port=low, to_port=high
    )
    acl = NetworkAcl(id="acl-1", entries=(open_ended, ALL_BACK))
    assert (denial(acl, TARGET, PORT) is None) is passes


def test_a_cidr_with_host_bits_is_read_as_its_network() -> None:
    acl = NetworkAcl(id="acl-1", entries=(entry(100, OUT, cidr="192.168.1.9/24"), ALL_BACK))
    assert denial(acl, TARGET, PORT) is None


def test_return_traffic_denied_below_an_allowed_range_is_found() -> None:
    back = (
        entry(90, BACK, ports=(2500, 3000)),
        entry(99, BACK, allows=False, ports=(2000, 3000)),
        ALL_BACK,
    )
    acl = NetworkAcl(id="acl-1", entries=(ALL_OUT, *back))
    assert denial(acl, TARGET, PORT) == "denies return traffic to port 2000"
