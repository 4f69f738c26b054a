"""The address to send from, as the user gives it."""

import ipaddress

from probe.commands.exits import UsageError
from probe.model.text import clean


def check_source(source: str | None) -> str | None:
    """``source`` if it is an IPv4 address."""
    if source is None:
        return None
    try:
        return str(ipaddress.IPv4Address(source))
    except ValueError:
        raise UsageError(
            f"--source {clean(source)!r}: not an IPv4 address of this machine (XKS is IPv4)"
        ) from None
