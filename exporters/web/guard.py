"""Who may ask, and what a browser may do with the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

# No script, no frame, no other origin. `data:` is for the icon, which has the colour of the state.
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "xks-probe",
}
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_HOST = 300  # a DNS name has 253 characters at most, then a port


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The names under which this server answers.

    A page of somebody else's can make a browser ask this server under a name of theirs that resolves here
    (DNS rebinding) and then read the answer. It can't choose another ``Host`` than that name, so names are
    checked. ``any_address`` is for a server that listens on every address: an address can't be rebound.
    """

    names: frozenset[str]
    any_address: bool = False

    def admit(self, header: str | None) -> bool:
        """Whether a request with this ``Host`` header is for us. The port does not matter."""
        host = host_of(header)
        if host is None:
            return False
        return host in self.names or (self.any_address and _is_address(host))


def hosts(listen_host: str, external_url: str | None = None) -> Hosts:
    """Who we are: the listen address, its equivalents if it is this machine's own, and the external name."""
    listen = listen_host.strip("[]").lower()
    external = urlsplit(external_url).hostname if external_url else None
    everywhere = listen in ("", "*") or (_is_address(listen) and ip_address(listen).is_unspecified)
    local = everywhere or listen == "localhost" or (_is_address(listen) and ip_address(listen).is_loopback)
    names = {listen, external or listen} | (_LOOPBACK_NAMES if local else frozenset())
    return Hosts(names=frozenset(names - {""}), any_address=everywhere)


def host_of(header: str | None) -> str | None:
    """The host in a ``Host`` header, lower case, without port and brackets; None if it is not one.

    >>> host_of("LocalHost:9911"), host_of("[::1]:9911"), host_of("a@b"), host_of("a:b:c")
    ('localhost', '::1', None, None)
    """
    if not header or len(header) > _MAX_HOST:
        return None
    text = header.lower()
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        return host if bracket and _is_address(host) and _is_port(port) else None
    host, colon, digits = text.partition(":")
    allowed = host.replace("-", "").replace(".", "").replace("_", "")
    if not allowed.isascii() or not allowed.isalnum() or not _is_port(colon + digits):
        return None
    return host.removesuffix(".")


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
