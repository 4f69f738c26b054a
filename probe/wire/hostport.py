"""Parses hosts, IPv4 addresses and ports from user input. IPv6 is rejected, because XKS supports only IPv4.

The checks raise ValueError with a text to append to the value ("is a name; …"); `parse_host_port` raises
InputError with the complete message.
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
_NOT_A_HOST = ("0.0.0.0", "255.255.255.255")
_MULTICAST = range(224, 240)  # first octets, RFC 5771
MAX_NAME_LENGTH = 253  # RFC 1035 section 2.3.4, without the root's octets
MAX_PORT = 65535


def is_ipv4(text: str) -> bool:
    """Whether ``text`` is an IPv4 address. Like `ipaddress`, but faster: a start checks thousands.

    >>> is_ipv4("10.0.0.1"), is_ipv4("10.1"), is_ipv4("010.0.0.1"), is_ipv4("example.com")
    (True, False, False, False)
    """
    return _QUAD.fullmatch(text) is not None


def check_address(text: str) -> str:
    """``text``, if it is the IPv4 address of a single host."""
    if not is_ipv4(text):
        if _is_ipv6(text):
            raise ValueError("is an IPv6 address, but XKS supports only IPv4; use the IPv4 address")
        if _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
            raise ValueError("is not a valid IPv4 address; use four numbers from 0 to 255, e.g. 10.20.1.10")
        if "/" in text:
            raise ValueError("is a network; use the address of a single host")
        raise ValueError("is a name; expected an IPv4 address")
    if text in _NOT_A_HOST or int(text.partition(".")[0]) in _MULTICAST:
        raise ValueError("is not the address of a single host; use the address of the host to probe")
    return text


def check_name(text: str) -> str:
    """``text`` without a final dot, if it is a DNS name."""
    if is_ipv4(text) or _is_ipv6(text):
        raise ValueError("is an address; expected a DNS name")
    name = text.removesuffix(".")
    if not text.isascii():
        raise ValueError("has non-ASCII characters; use its ASCII form, with xn-- (Punycode)")
    if "://" in text or "/" in text:
        raise ValueError("is not a DNS name; remove the scheme and the path")
    if ":" in text:
        raise ValueError("is not a DNS name; remove the colon and the port")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"is {len(name)} characters long; a DNS name has at most {MAX_NAME_LENGTH}")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("is not a DNS name; use a name such as proxy.example.com")
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
        raise ValueError(f"is not a port; use a number from 1 to {MAX_PORT}")
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
        _check_form(text)
        return check_host(host), check_port(port) if colon else default_port
    except ValueError as error:
        raise InputError((f"'{clean(text, 80)}' {error}",)) from None


def _check_form(text: str) -> None:
    """Raises ValueError for forms that are not a host with a port, whatever is in them."""
    if "://" in text:
        raise ValueError("is a URL; give only its host, and a port if it is not the usual one")
    if text.startswith("["):  # how an IPv6 address is written before a port
        check_address(text.partition("]")[0].removeprefix("["))


def _is_ipv6(text: str) -> bool:
    if ":" not in text:
        return False
    try:
        ipaddress.IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
