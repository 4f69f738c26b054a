"""What a subnet's network ACL does to connections from the load balancer's node to a target. Pure.

An ACL keeps no state: the request has to be let out, and the answers, which go to a port of the node's
choice, have to be let in. Entries are taken by their number: the first that fits decides, and none denies.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from probe.model.account import AclEntry, NetworkAcl

EPHEMERAL_PORTS = (1024, 65535)  # from which a load balancer's nodes connect (AWS's guide on network ACLs)
_ALL_PORTS = (0, 65535)
_ALL_PROTOCOLS, _TCP = "-1", "6"


def acl_of(subnet_id: str, acls: tuple[NetworkAcl, ...]) -> NetworkAcl | None:
    """The subnet's own, else the VPC's default one."""
    own = next((acl for acl in acls if subnet_id in acl.subnet_ids), None)
    return own or next((acl for acl in acls if acl.is_default), None)


def denial(acl: NetworkAcl, address: IPv4Address, port: int) -> str | None:
    """What the ACL denies of the way to a target and back; None where it lets all of it pass."""
    out = tuple(_fitting(acl.entries, address, is_egress=True))
    if not _allows(out, port):
        return f"denies egress to port {port}"
    back = tuple(_fitting(acl.entries, address, is_egress=False))
    low, high = EPHEMERAL_PORTS
    # What is allowed changes only where an entry's range begins or has just ended.
    edges = {low, *(edge for each in back for edge in (_ports(each)[0], _ports(each)[1] + 1))}
    denied = next((edge for edge in sorted(edges) if low <= edge <= high and not _allows(back, edge)), None)
    return None if denied is None else f"denies ingress of answers, to port {denied}"


def _fitting(entries: Iterable[AclEntry], address: IPv4Address, *, is_egress: bool) -> Iterable[AclEntry]:
    """The entries about TCP with the address, in the order in which they are taken."""
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
