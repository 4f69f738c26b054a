"""Host header check and security headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

# No scripts, frames or other origins. `data:` is for the icon, whose colour shows the state.
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
    """The host names that this server accepts.

    Another site's page can make a browser send requests to this server under the attacker's own domain name,
    if that name resolves to this server (DNS rebinding), and read the responses. The browser then sends that
    name as ``Host``, so the header is checked. ``any_address`` is for a server that listens on all addresses;
    it accepts every IP address, because an IP address cannot be rebound.
    """

    names: frozenset[str]
    any_address: bool = False

    def admit(self, header: str | None) -> bool:
        """Whether this ``Host`` header is accepted. The port does not matter."""
        host = host_of(header)
        if host is None:
            return False
        return host in self.names or (self.any_address and _is_address(host))


def hosts(listen_host: str, external_url: str | None = None) -> Hosts:
    """The accepted names: the listen address, the loopback names if it is local, and the external name."""
    listen = listen_host.strip("[]").lower()
    external = urlsplit(external_url).hostname if external_url else None
    everywhere = listen in ("", "*") or (_is_address(listen) and ip_address(listen).is_unspecified)
    local = everywhere or listen == "localhost" or (_is_address(listen) and ip_address(listen).is_loopback)
    names = {listen, external or listen} | (_LOOPBACK_NAMES if local else frozenset())
    return Hosts(names=frozenset(names - {""}), any_address=everywhere)


def is_same_origin(origins: Sequence[str], host: str | None) -> bool:
    """Whether a request comes from a page of this server, or from no page at all (RFC 6454, section 7).

    ``origins`` are its ``Origin`` headers, ``host`` its ``Host`` header, which the server has accepted.
    """
    if not origins:
        return True
    scheme, _, rest = origins[0].partition("://")
    is_web = scheme in ("http", "https")
    return len(origins) == 1 and is_web and host is not None and rest.lower() == host.lower()


def host_of(header: str | None) -> str | None:
    """The host in a ``Host`` header in lower case, without port and brackets; None if it is invalid.

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
