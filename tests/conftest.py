"""Fixtures for several folders (a temporary CA, servers on loopback, simulated accounts), and no silent skips."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from support import fuzzing
from support.installed_wheel import install_wheel_once
from support.tls.authority import Authority, Issued

from simulator import AccountTemplate, Capability, capability

pytest.register_assert_rewrite("support.preflight.playing")  # so that its `check` shows the differences

# No deadline: on a shared machine, the duration of one example proves nothing. Speed has its own tests.
settings.register_profile("shared", deadline=None)
# `make test`: half as many examples; each run tries others.
settings.register_profile("short", deadline=None, max_examples=50)
# `make fuzz`: each run tries other examples, and prints how to repeat a failure.
settings.register_profile("fuzz", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("fuzz" if fuzzing.VARIABLE in os.environ else "shared")


_SO_TIMESTAMPING = 37  # <asm-generic/socket.h>
_RX_SOFTWARE_AND_SOFTWARE = 0b11000  # <linux/net_tstamp.h>


@pytest.fixture(scope="session", autouse=True)
def _kernel_timestamps_are_on() -> Iterator[None]:
    """Keeps kernel timestamps enabled during all tests.

    The kernel enables them for all sockets shortly after the first socket requests them. Without this socket, the first
    replies in a test could arrive before that.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RX_SOFTWARE_AND_SOFTWARE)
        own.bind(("127.0.0.1", 0))
        own.settimeout(60)
        for _ in range(10_000):
            own.sendto(b"", own.getsockname())
            if own.recvmsg(1, 256)[1]:
                break
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test is a failure if skips are forbidden, as in CI."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("XKS_PROBE_FORBID_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, which XKS_PROBE_FORBID_SKIPS=1 forbids: {report.longrepr}"
    return report


# Files that compute for ten seconds or more; xdist gives a file to one worker.
_LONG_FILES = frozenset({"test_hostile_text.py", "test_import_contracts.py", "test_collect.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that wait start first, then long files, so that no worker still works at the end while others are idle."""

    def rank(item: pytest.Item) -> int:
        markers = (
            item.get_closest_marker("real"),
            item.path.name in _LONG_FILES,
            item.get_closest_marker("loopback"),
        )
        return next((n for n, marker in enumerate(markers) if marker), len(markers))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def _serving(serve: Serve, address: str = "127.0.0.1") -> Iterator[int]:
    """A thread that passes each connection to ``serve``, then closes it; yields the port."""
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
    """``tcp_server(serve)`` starts a server on 127.0.0.1 and returns its port."""
    with contextlib.ExitStack() as stack:
        yield lambda serve: stack.enter_context(_serving(serve))


@pytest.fixture
def tls_server(tmp_path: Any, tcp_server: Any) -> Callable[..., int]:
    """``tls_server(issued, configure, answer)``: the port of a TLS server that responds with ``answer``."""

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
    """The command as a user installs it, from the wheel and with its package data."""
    folder = tmp_path_factory.getbasetemp()
    return install_wheel_once(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def can_simulate() -> Capability:
    """Skips the test if there are no namespaces; with XKS_PROBE_FORBID_SKIPS=1 the test fails instead."""
    can = capability()
    if not can.namespaces:
        reason = f"namespaces are not available: {can.why}; {can.remedy}"
        if os.environ.get("XKS_PROBE_FORBID_SKIPS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return can


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountTemplate]:
    """The process from which this run's simulated AWS accounts are forked."""
    with AccountTemplate(tmp_path_factory.mktemp("accounts") / "template.log") as template:
        yield template


@pytest.fixture(autouse=True)
def _logging_is_reset() -> Iterator[None]:
    """Resets logging: a command that ran in this process configured it for a stderr that pytest closes."""
    yield
    structlog.reset_defaults()
