"""Passwords and TLS of the page, over real sockets on loopback."""

import asyncio
import base64
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from support.reports.page_server import CLOSE, HALF, received, served
from support.tls.page_pki import PagePki, page_pki

from exporters.prometheus import PrometheusSink
from exporters.web.access import MAX_WAITING, Passwords, tls_context
from exporters.web.connections import DEFAULT_LIMITS, Connections, Limits
from probe.model.web import ClientCertificates, WebTls

pytestmark = pytest.mark.loopback
USERS = {"prometheus": bcrypt.hashpw(b"right: password", bcrypt.gensalt(4))}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        (basic("prometheus", "right: password"), True),
        (basic("prometheus", "right: password").replace("Basic", "bAsIc"), True),
        (basic("prometheus", "wrong"), False),
        (basic("prometheus", ""), False),
        (basic("prometheus", "right: password" + "x" * 72), False),
        (basic("", "right: password"), False),
        (basic("nobody", "right: password"), False),
        ("Basic " + base64.b64encode(b"prometheus").decode(), False),
        ("Basic " + base64.b64encode(b"prometheus:right: password\0").decode(), False),
        ("Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), False),
        ("Basic !!!", False),
        ("Basic", False),
        ("Bearer abc", False),
        ("Basic " + "A" * 2_000, False),
        ("", False),
        (None, False),
    ],
)
async def test_only_the_right_user_and_password_are_admitted(header: str | None, admitted: bool) -> None:
    passwords = Passwords(USERS)
    for _ in range(2):  # the second time from memory
        assert await passwords.admit(header) is admitted


async def test_a_right_password_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    original = bcrypt.checkpw

    def counting(password: bytes, hashed: bytes) -> bool:
        checked.append(password)
        return original(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    passwords = Passwords(USERS)
    for _ in range(5):
        assert await passwords.admit(basic("prometheus", "right: password"))
    assert len(checked) == 1
    for _ in range(3):
        assert not await passwords.admit(basic("prometheus", "wrong"))
    assert len(checked) == 4


async def test_when_too_many_passwords_are_being_checked_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(bcrypt, "checkpw", lambda _password, _hashed: may_end.wait(100) and False)
    passwords = Passwords(USERS)
    guesses = [asyncio.create_task(passwords.admit(basic("a", str(n)))) for n in range(MAX_WAITING + 3)]
    await asyncio.sleep(0)
    assert [each.result() for each in guesses if each.done()] == [None] * 3
    may_end.set()
    assert (await asyncio.gather(*guesses)).count(False) == MAX_WAITING


async def test_without_a_password_there_is_a_challenge_and_a_counter() -> None:
    sink = PrometheusSink("1.0")
    async with served(metrics=sink, passwords=Passwords(USERS)) as port:
        answer = await received(port, CLOSE)
        assert b" 401 " in answer
        assert b'WWW-Authenticate: Basic realm="xks-probe"' in answer
        with_password = CLOSE.replace(
            b"\r\n\r\n", f"\r\nAuthorization: {basic('prometheus', 'right: password')}\r\n\r\n".encode()
        )
        assert b" 200 " in await received(port, with_password)
    assert sink.web.rejected_rows()["unauthorized",] == 1


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> PagePki:
    return page_pki(tmp_path_factory.mktemp("pki"))


@asynccontextmanager
async def over_tls(
    pki: PagePki, sink: PrometheusSink, limits: Limits = DEFAULT_LIMITS, **changes: object
) -> AsyncIterator[int]:
    tls = WebTls(certificate_file=str(pki.certificate), key_file=str(pki.key), **changes)  # type: ignore[arg-type]
    context = tls_context(tls)
    async with served(metrics=sink, connections=Connections(limits, sink.web, lambda: context)) as port:
        yield port


async def fetched(port: int, client: ssl.SSLContext) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://127.0.0.1:{port}/-/healthy", ssl=client) as got,
    ):
        return got.status


async def test_the_page_is_served_over_tls_to_many_clients(pki: PagePki) -> None:
    sink = PrometheusSink("1.0")
    async with over_tls(pki, sink) as port:
        assert await asyncio.gather(*(fetched(port, pki.client()) for _ in range(20))) == [200] * 20
    assert sum(sink.web.rejected_rows().values()) == 0


@pytest.mark.parametrize(
    "sent", [CLOSE, b"", HALF, b"\x16\x03\x01\x00\x10garbage"], ids=["http", "nothing", "half", "garbage"]
)
async def test_a_client_that_does_not_speak_tls_is_closed_and_counted(pki: PagePki, sent: bytes) -> None:
    sink = PrometheusSink("1.0")
    async with over_tls(pki, sink, Limits(head_s=0.5)) as port:
        assert b"200" not in await received(port, sent)
        while sink.web.rejected_rows()["no_tls",] == 0:  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("wanted", "given", "admitted"),
    [
        (ClientCertificates.REQUIRED, "own", True),
        (ClientCertificates.REQUIRED, None, False),
        (ClientCertificates.REQUIRED, "foreign", False),
        (ClientCertificates.IF_GIVEN, "own", True),
        (ClientCertificates.IF_GIVEN, None, True),
        (ClientCertificates.IF_GIVEN, "foreign", False),
    ],
)
async def test_client_certificates_are_verified(
    pki: PagePki, wanted: ClientCertificates, given: str | None, admitted: bool
) -> None:
    sink = PrometheusSink("1.0")
    async with over_tls(pki, sink, client_certificates=wanted, client_ca_file=str(pki.ca)) as port:
        if admitted:
            assert await fetched(port, pki.client(given)) == 200
        else:
            with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
                await fetched(port, pki.client(given))


async def test_the_versions_are_limited(pki: PagePki) -> None:
    async with over_tls(pki, PrometheusSink("1.0"), is_1_2_allowed=False) as port:
        old = pki.client()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(aiohttp.ClientError):
            await fetched(port, old)
        assert await fetched(port, pki.client()) == 200


def test_a_key_that_does_not_fit_or_needs_a_passphrase_is_an_error(pki: PagePki, tmp_path: Path) -> None:
    for key in (pki.foreign_key, pki.encrypted_key, tmp_path / "none"):
        with pytest.raises(OSError, match=r".+"):
            tls_context(WebTls(certificate_file=str(pki.certificate), key_file=str(key)))
