"""This machine's own address towards a host, by its routes. Sends nothing."""

import socket

_ANY_PORT = 9  # a datagram socket only needs some port


def source_address(host: str) -> str | None:
    """The IPv4 address that connections to the address ``host`` come from; None without a route.

    A router between them may translate it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((host, _ANY_PORT))
        except OSError:
            return None
        address: str = sock.getsockname()[0]
        return address
