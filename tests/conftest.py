"""What several tests share: a throw-away authority, a TLS server on loopback, and no silent skips."""

import contextlib
import datetime as dt
import os
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fuzzing
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import settings
from installed import install_wheel

from simulator import AccountTemplate, Capability, capability

# How long an example takes says nothing on a shared machine; what must be fast has its own test.
settings.register_profile("shared", deadline=None)
# `make fuzz`: each run tries others, and says how to repeat what it finds.
settings.register_profile("fuzz", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("fuzz" if fuzzing.VARIABLE in os.environ else "shared")

_DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A ring that can't run is a failure where skips are forbidden (CI)."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("XKS_PROBE_FORBID_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, which XKS_PROBE_FORBID_SKIPS=1 forbids: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits starts first: else the last of many workers would wait alone at the end."""
    items.sort(
        key=lambda item: next(
            (n for n, ring in enumerate(("real", "loopback")) if item.get_closest_marker(ring)), 2
        )
    )


@dataclass(frozen=True)
class Issued:
    """A certificate with its key; ``chain`` is leaf first, without the root."""

    chain: tuple[x509.Certificate, ...]
    key: Key

    @property
    def der(self) -> tuple[bytes, ...]:
        return tuple(one.public_bytes(serialization.Encoding.DER) for one in self.chain)

    def write(self, directory: Path) -> Path:
        """One PEM file with key and chain, as `ssl` loads it."""
        path = directory / "server.pem"
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        path.write_bytes(pem + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain))
        return path


class Authority:
    """A root with an intermediate, made for one test run."""

    def __init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate(
            _name("Test Root"), self.root_key, _name("Test Root"), self.root_key, ca=True
        )
        self.intermediate_key = ec.generate_private_key(ec.SECP256R1())
        self.intermediate = _certificate(
            _name("Test Intermediate"), self.intermediate_key, self.root.subject, self.root_key, ca=True
        )

    def issue(
        self,
        *common_names: str,
        dns_names: tuple[str, ...] = (),
        key: Key | None = None,
        days: int = 90,
        with_intermediate: bool = True,
    ) -> Issued:
        key = key or ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(
            _name(*common_names),
            key,
            self.intermediate.subject,
            self.intermediate_key,
            dns_names=dns_names,
            days=days,
        )
        return Issued((leaf, self.intermediate) if with_intermediate else (leaf,), key)


def _name(*common_names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common_names])


def _certificate(
    subject: Any,
    key: Any,
    issuer: Any,
    issuer_key: Any,
    *,
    dns_names: Any = (),
    days: Any = 90,
    ca: Any = False,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 100 * _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if dns_names:
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def _serving(serve: Serve, address: str = "127.0.0.1") -> Iterator[int]:
    """A thread that gives each connection to ``serve`` and closes it; yields the port."""
    listener = socket.create_server((address, 0))

    def loop() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError):
                serve(connection)

    thread = threading.Thread(target=loop, name="test server")
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


@pytest.fixture
def tcp_server() -> Iterator[Callable[[Serve], int]]:
    """``tcp_server(serve)`` starts a server on 127.0.0.1 and gives its port."""
    with contextlib.ExitStack() as stack:
        yield lambda serve: stack.enter_context(_serving(serve))


@pytest.fixture
def tls_server(tmp_path: Any, tcp_server: Any) -> Callable[..., int]:
    """``tls_server(issued, configure, answer)``: the port of a server that answers a request with ``answer``."""

    def start(
        issued: Issued,
        configure: Callable[[ssl.SSLContext], None] = lambda _context: None,
        answer: bytes = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    ) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.write(tmp_path))
        configure(context)

        def serve(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                if secured.recv(4096):
                    secured.sendall(answer)

        return tcp_server(serve)

    return start


@pytest.fixture(scope="session")
def xks_probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command: what is tested through it is what a user gets, package data and all."""
    return install_wheel(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def can_simulate() -> Capability:
    """Skips, visibly, where there can be no namespaces; with XKS_PROBE_FORBID_SKIPS=1 it fails instead."""
    can = capability()
    if not can.namespaces:
        words = f"no namespaces here: {can.why}; {can.remedy}"
        if os.environ.get("XKS_PROBE_FORBID_SKIPS") == "1":
            pytest.fail(words)
        pytest.skip(words)
    return can


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountTemplate]:
    """The process that the simulated AWS accounts of this run are forked from, for `start`."""
    with AccountTemplate(tmp_path_factory.mktemp("accounts") / "template.log") as template:
        yield template


@pytest.fixture(autouse=True)
def _logging_as_new() -> Iterator[None]:
    """A command that was run in this process set logging up for a stderr that pytest has closed since."""
    yield
    structlog.reset_defaults()
