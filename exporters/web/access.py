"""Who may read the page: TLS with client certificates, and passwords (RFC 7617)."""

import asyncio
import base64
import binascii
import hashlib
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from exporters.prometheus.web_requests import Rejection, WebRequests
from probe.model.web import ClientCertificates, WebTls

MAX_WAITING = 16  # passwords to be checked; each takes about 0.1 s of a thread
MAX_KNOWN = 64
_MAX_HEADER = 1024
_MAX_PASSWORD_BYTES = 72  # bcrypt reads no more
_UNAUTHORIZED = "401: a user name and a password are needed.\n"
_BUSY = "429: too many passwords are being checked; try again later.\n"
# For users that do not exist, so that the time of the response does not tell which ones do.
_NOBODY = bcrypt.hashpw(os.urandom(16).hex().encode(), bcrypt.gensalt(10))
_VERIFY = {
    ClientCertificates.NONE: ssl.CERT_NONE,
    ClientCertificates.IF_GIVEN: ssl.CERT_OPTIONAL,
    ClientCertificates.REQUIRED: ssl.CERT_REQUIRED,
}


def tls_context(tls: WebTls) -> ssl.SSLContext:
    """For the server's side. Raises OSError (ssl.SSLError is one), for example if the key does not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2 if tls.is_1_2_allowed else ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if tls.is_1_3_allowed else ssl.TLSVersion.TLSv1_2
    if tls.ciphers:
        context.set_ciphers(":".join(tls.ciphers))
    context.load_cert_chain(tls.certificate_file, tls.key_file, password=_no_password)
    context.verify_mode = _VERIFY[tls.client_certificates]
    if tls.client_ca_file:
        context.load_verify_locations(tls.client_ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    """OpenSSL would ask on the terminal for the passphrase of an encrypted key. Without one it fails."""
    return ""


class Passwords:
    """Checks passwords in a thread. Right ones are remembered, as hashes with a key of this process."""

    def __init__(self, users: Mapping[str, bytes]) -> None:
        self._users = users
        self._key = os.urandom(32)
        self._known: set[bytes] = set()
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")

    async def admit(self, header: str | None) -> bool | None:
        """Whether the ``Authorization`` header is right; None if too many are being checked."""
        given = _given(header)
        if given is None:
            return False
        mark = hashlib.blake2b(b"\0".join(given), key=self._key).digest()
        if mark in self._known:
            return True
        if self._waiting >= MAX_WAITING:
            return None
        self._waiting += 1
        try:
            is_right = await asyncio.wrap_future(self._thread.submit(self._is_right, *given))
        finally:
            self._waiting -= 1
        if is_right:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known.add(mark)
        return is_right

    def _is_right(self, user: bytes, password: bytes) -> bool:
        hashed = self._users.get(user.decode("utf-8", "replace"))
        if len(password) > _MAX_PASSWORD_BYTES:
            return False
        return bcrypt.checkpw(password, hashed or _NOBODY) and hashed is not None

    async def close(self, _app: web.Application) -> None:
        """For ``on_cleanup`` of the application."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _given(header: str | None) -> tuple[bytes, bytes] | None:
    """User and password of a ``Basic`` header; None if it is another one."""
    if header is None or len(header) > _MAX_HEADER:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon and b"\0" not in user + password else None


def asking_for_password(passwords: Passwords, requests: WebRequests) -> Middleware:
    """Responds with 401 without the right user and password."""

    @web.middleware
    async def ask(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        is_admitted = await passwords.admit(request.headers.get(hdrs.AUTHORIZATION))
        if is_admitted:
            return await handler(request)
        requests.rejected(Rejection.UNAUTHORIZED)
        if is_admitted is None:
            return web.Response(status=429, text=_BUSY)
        challenge = {hdrs.WWW_AUTHENTICATE: 'Basic realm="xks-probe", charset="UTF-8"'}
        return web.Response(status=401, text=_UNAUTHORIZED, headers=challenge)

    return ask
