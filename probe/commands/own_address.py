"""The address to send from, as the user gives it."""

import contextlib
import errno
import ipaddress
import socket

from probe.commands.exits import UsageError
from probe.model.text import clean

LIST = "`ip -4 address` lists"


def check_source(source: str | None) -> str | None:
    """``source`` if it is an IPv4 address of this machine. Raises UsageError."""
    if source is None:
        return None
    try:
        address = str(ipaddress.IPv4Address(source))
    except ValueError:
        raise UsageError(
            f"--source: {clean(source, 80)!r} is not an IPv4 address; {LIST} those of this machine"
        ) from None
    if not is_own(address):
        raise UsageError(f"--source: {address} is not an address of this machine; {LIST} its addresses")
    return address


def is_own(address: str) -> bool:
    """Whether a socket can have this address. False only if the kernel says that it is not ours."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as tried:
        try:
            tried.bind((address, 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True
