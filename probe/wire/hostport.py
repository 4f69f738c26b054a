"""Hosts, addresses and ports as people write them. XKS is IPv4 only, and says so here.

The checks raise ValueError with a text that goes on after the value ("is a name; …"); `parse_host_port`
raises InputError with the value in front.
"""

import ipaddress
import re

from probe.model.text import clean
from probe.wire.input_error import InputError

# RFC 1123 section 2.1: letters, digits, hyphens, 63 octets a label; the underscore is for names such as
# _verification.example.com, which hold TXT records and are legal in DNS (RFC 2181 section 11).
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LOOKS_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%.*)?")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_QUAD = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_OF_NO_HOST = ("0.0.0.0", "255.255.255.255")
_MULTICAST = range(224, 240)  # first octets, RFC 5771
MAX_NAME_LENGTH = 253  # RFC 1035 section 2.3.4, without the root's octets
MAX_PORT = 65535


def is_ipv4(text: str) -> bool:
    """Whether ``text`` is a dotted quad, as `ipaddress` has it: thousands are asked about at a start.

    >>> is_ipv4("10.0.0.1"), is_ipv4("10.1"), is_ipv4("010.0.0.1"), is_ipv4("example.com")
    (True, False, False, False)
    """
    return _QUAD.fullmatch(text) is not None


def check_address(text: str) -> str:
    """``text``, if it is the IPv4 address of one host."""
    if not is_ipv4(text):
        if _is_ipv6(text):
            raise ValueError("is an IPv6 address; XKS is IPv4 only, so write the IPv4 address")
        if _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
            raise ValueError("is no valid IPv4 address; write four numbers from 0 to 255, as in 10.20.1.10")
        if "/" in text:
            raise ValueError("is a network; write the address of one host")
        raise ValueError("is a name; an IPv4 address belongs here")
    if text in _OF_NO_HOST or int(text.partition(".")[0]) in _MULTICAST:
        raise ValueError("is not the address of one host; write the address of the host to be probed")
    return text


def check_name(text: str) -> str:
    """``text`` without a final dot, if it is a DNS name."""
    if is_ipv4(text) or _is_ipv6(text):
        raise ValueError("is an address; a DNS name belongs here")
    name = text.removesuffix(".")
    if not text.isascii():
        raise ValueError("has characters beyond ASCII; write its xn-- form")
    if "://" in text or "/" in text:
        raise ValueError("is not a DNS name; leave out the scheme and the path")
    if ":" in text:
        raise ValueError("is not a DNS name; leave out the colon and the port")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"is {len(name)} characters long; a DNS name has at most {MAX_NAME_LENGTH}")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("is not a DNS name; write one such as proxy.example.com")
    return name


def check_host(text: str) -> str:
    """``text``, if it is an IPv4 address or a DNS name."""
    if is_ipv4(text) or _is_ipv6(text) or _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
        return check_address(text)
    return check_name(text)


def check_port(text: str) -> int:
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT)) and 0 < int(text) <= MAX_PORT
    ):
        raise ValueError(f"is not a port; write a number from 1 to {MAX_PORT}")
    return int(text)


def parse_host_port(text: str, default_port: int) -> tuple[str, int]:
    """Host and port of ``host`` or ``host:port``. Raises InputError.

    >>> parse_host_port("kms.eu-west-3.amazonaws.com", 443)
    ('kms.eu-west-3.amazonaws.com', 443)
    >>> parse_host_port("10.0.0.1:8443", 443)
    ('10.0.0.1', 8443)
    """
    host, colon, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    try:
        return check_host(host), check_port(port) if colon else default_port
    except ValueError as error:
        raise InputError((f"'{clean(text, 80)}' {error}",)) from None


def _is_ipv6(text: str) -> bool:
    if ":" not in text:
        return False
    try:
        ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
