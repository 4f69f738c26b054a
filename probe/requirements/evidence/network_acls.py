"""What a subnet's network ACL denies of the connections from the load balancer's node to a target. Pure.

Network ACLs are stateless: both the outbound request and the return traffic to the node's ephemeral port must
be allowed. Entries are tried in the order of their numbers: the first match decides; without a match the
traffic is denied.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from probe.model.account import AclEntry, NetworkAcl

EPHEMERAL_PORTS = (1024, 65535)  # source ports of a load balancer's nodes (AWS's guide on network ACLs)
_ALL_PORTS = (0, 65535)
_ALL_PROTOCOLS, _TCP = "-1", "6"


def acl_of(subnet_id: str, acls: tuple[NetworkAcl, ...]) -> NetworkAcl | None:
    """The ACL of the subnet, else the default ACL of the VPC."""
    own = next((acl for acl in acls if subnet_id in acl.subnet_ids), None)
    return own or next((acl for acl in acls if acl.is_default), None)


def denial(acl: NetworkAcl, address: IPv4Address, port: int) -> str | None:
    """What the ACL denies of the traffic to a target and back; None if it allows all of it."""
    out = tuple(_matching(acl.entries, address, is_egress=True))
    if not _allows(out, port):
        return f"denies outbound traffic to port {port}"
    back = tuple(_matching(acl.entries, address, is_egress=False))
    low, high = EPHEMERAL_PORTS
    # The decision can change only at the first port of an entry's range, or at the first port after it.
    edges = {low, *(edge for each in back for edge in (_ports(each)[0], _ports(each)[1] + 1))}
    denied = next((edge for edge in sorted(edges) if low <= edge <= high and not _allows(back, edge)), None)
    return None if denied is None else f"denies return traffic to port {denied}"


def _matching(entries: Iterable[AclEntry], address: IPv4Address, *, is_egress: bool) -> Iterable[AclEntry]:
    """The entries for TCP that match the address, in the order in which they are tried."""
    for each in sorted(entries, key=lambda entry: entry.number):
        about = each.is_egress is is_egress and each.protocol in {_ALL_PROTOCOLS, _TCP}
        if about and _contains(each.cidr, address):
            yield each


def _allows(entries: tuple[AclEntry, ...], port: int) -> bool:
    first = next((each for each in entries if _ports(each)[0] <= port <= _ports(each)[1]), None)
    return first is not None and first.allows


def _ports(entry: AclEntry) -> tuple[int, int]:
    if entry.protocol == _ALL_PROTOCOLS or entry.from_port is None or entry.to_port is None:
        return _ALL_PORTS
    return entry.from_port, entry.to_port


def _contains(cidr: str, address: IPv4Address) -> bool:
    try:
        return address in IPv4Network(cidr, strict=False)
    except ValueError:
        return False
