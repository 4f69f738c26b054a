"""`xks-probe tls`: the certificates of a server or a file, the verdicts on them, and the exit status."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.reports.schema_check import faults
from support.tls.authority import Authority, Issued
from support.tls.rows import OF_CERTIFICATES

from probe.commands import app, tls
from probe.commands.exits import Exit

NAME = "proxy.xks.example.com"
OUTCOMES_OF_A_GOOD_FILE = dict.fromkeys(OF_CERTIFICATES, "met")
TlsServer = Callable[..., int]
Output = pytest.CaptureFixture[str]


@pytest.fixture
def root(authority: Authority, tmp_path: Path) -> str:
    """A file with the root of the tests' certificates, which KMS does not trust."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.root.public_bytes(Encoding.PEM))
    return str(file)


@pytest.fixture
def chain(tmp_path: Path) -> Callable[[Issued], str]:
    """``chain(issued)`` writes the certificates to a file and returns its name."""

    def write(issued: Issued) -> str:
        file = tmp_path / "chain.pem"
        file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in issued.chain))
        return str(file)

    return write


def good(authority: Authority, **more: Any) -> Issued:
    return authority.issue(NAME, dns_names=(NAME,), **more)


def run_json(capsys: Output, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the document, which fulfils its schema."""
    status = app.run(["tls", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert faults(document, "tls") == []
    return status, document


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {verdict["requirement"]: verdict["outcome"] for verdict in document["verdicts"]}


def request_client_certificate(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_OPTIONAL


@pytest.mark.loopback
def test_a_server_that_meets_all_requirements_with_an_extra_ca_is_status_3_and_the_ca_is_listed(
    authority: Authority, tls_server: TlsServer, root: str, capsys: Output
) -> None:
    port = tls_server(good(authority))

    status, document = run_json(capsys, NAME, "--connect-to", f"127.0.0.1:{port}", "--extra-authority", root)

    assert status == Exit.UNKNOWN
    assert set(outcomes(document).values()) == {"met"}
    assert {v["requirement"] for v in document["verdicts"] if v["rests_on_extra_authority"]} == {
        "authority-is-trusted-by-kms",
        "certificate-path-validates",
        "chain-is-complete",
    }
    assert (document["address"], document["port"], document["server_name"]) == ("127.0.0.1", port, NAME)
    assert (document["offer"], document["version"], document["failure"]) == ("kms", "TLSv1.3", None)
    assert document["extra_authorities"] == ["CN=Test Root"]


@pytest.mark.loopback
def test_certificates_are_reported_even_if_they_violate_almost_every_requirement(
    authority: Authority, tls_server: TlsServer, capsys: Output
) -> None:
    issued = authority.issue("other.example.com", days=-1, with_intermediate=False)
    port = tls_server(issued)

    status, document = run_json(capsys, NAME, "--connect-to", f"127.0.0.1:{port}")

    assert status == Exit.VIOLATED
    assert document["failure"] is None  # the handshake itself completed
    assert [each["subject_common_name"] for each in document["certificates"]] == ["other.example.com"]
    violated = {name for name, outcome in outcomes(document).items() if outcome == "violated"}
    assert violated == set(OF_CERTIFICATES) - {"authority-is-trusted-by-kms"}
    assert outcomes(document)["authority-is-trusted-by-kms"] == "unknown"  # no root can be determined


@pytest.mark.loopback
def test_an_unknown_requirement_is_status_3(
    authority: Authority, tls_server: TlsServer, root: str, capsys: Output
) -> None:
    silent_port = tls_server(good(authority), request_client_certificate, answer=b"")

    status, document = run_json(
        capsys, NAME, "--connect-to", f"127.0.0.1:{silent_port}", "--extra-authority", root
    )

    assert status == Exit.UNKNOWN
    unknown = [name for name, outcome in outcomes(document).items() if outcome == "unknown"]
    assert unknown == ["client-certificate-is-not-required"]


@pytest.mark.loopback
def test_a_closed_port_is_status_1_with_phase_and_reason(capsys: Output) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    status, document = run_json(capsys, f"127.0.0.1:{port}", "--server-name", NAME)

    assert status == Exit.VIOLATED
    assert (document["failure"]["phase"], document["failure"]["reason"]) == ("connect", "refused")
    assert (document["server_name"], document["certificates"]) == (NAME, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a b"], "not a DNS name"),
        ([NAME, "--connect-to", "127.0.0.1:0"], "--connect-to"),
        ([NAME, "--source", "localhost"], "--source"),
        ([NAME, "--extra-authority", "/nonexistent"], "--extra-authority /nonexistent"),
        ([NAME, "--timeout", "0"], "--timeout"),
        ([NAME, "--chain", "/nonexistent"], "--chain /nonexistent: cannot be read: No such file"),
        ([NAME, "--chain", "/dev/null"], "is a device, a pipe or a socket; use a regular file"),
        ([NAME, "--chain", "/dev/null", "--connect-to", "127.0.0.1"], "leave out --connect-to"),
        ([NAME, "--chain", "/dev/null", "--source", "127.0.0.1"], "leave out --source"),
    ],
)
def test_invalid_input_is_reported_in_one_line_with_status_2(
    arguments: list[str], words: str, capsys: Output
) -> None:
    assert app.run(["tls", *arguments]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert words in stderr
    assert stderr.count("\n") == 1


def test_a_file_is_evaluated_without_a_socket(
    authority: Authority,
    chain: Callable[[Issued], str],
    root: str,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: Any, **__: Any) -> Never:
        raise AssertionError("a file must be evaluated offline")

    monkeypatch.setattr(socket, "socket", forbidden)
    file = chain(good(authority))

    status, document = run_json(capsys, NAME, "--chain", file, "--extra-authority", root)

    assert (status, outcomes(document)) == (Exit.UNKNOWN, OUTCOMES_OF_A_GOOD_FILE)  # only with the extra CA
    assert [each["subject_common_name"] for each in document["certificates"]] == [NAME, "Test Intermediate"]
    absent = ("address", "version", "cipher", "offer", "timestamps", "local_port", "failure")
    assert {document[name] for name in absent} == {None}
    assert document["phases_seconds"] == {"connect": None, "handshake": None}


@pytest.mark.parametrize(
    ("days", "strict", "status", "wrong"),
    [
        (11, True, Exit.UNKNOWN, None),
        (9, False, Exit.UNKNOWN, "certificate-expires-in-10-days-or-more"),
        (9, True, Exit.VIOLATED, "certificate-expires-in-10-days-or-more"),
        (-1, False, Exit.VIOLATED, "certificate-is-in-date"),
    ],
    ids=["above ten days", "below, advice", "below, strict", "expired"],
)
def test_a_file_has_the_same_exit_statuses_as_a_server(  # exact limits: tests/requirements/test_dates.py
    days: int,
    strict: bool,
    status: Exit,
    wrong: str | None,
    authority: Authority,
    chain: Callable[[Issued], str],
    root: str,
    capsys: Output,
) -> None:
    options = ["--chain", chain(good(authority, days=days)), "--extra-authority", root]

    got, document = run_json(capsys, NAME, *options, *(["--strict"] if strict else []))

    assert got == status
    assert wrong is None or outcomes(document)[wrong] == "violated"


def test_a_chain_to_a_root_that_kms_does_not_trust_is_status_1(
    authority: Authority, chain: Callable[[Issued], str], capsys: Output
) -> None:
    status, document = run_json(capsys, NAME, "--chain", chain(good(authority)))
    assert status == Exit.VIOLATED
    assert (
        outcomes(document)["authority-is-trusted-by-kms"] == "violated"
    )  # no trusted root issued the intermediate
    assert outcomes(document)["chain-is-complete"] == "unknown"  # only the root may be missing


def test_a_file_is_checked_against_the_host_or_the_given_server_name(
    authority: Authority, chain: Callable[[Issued], str], capsys: Output
) -> None:
    file = chain(good(authority))
    other = "other.example.com"
    for arguments, outcome in ([[other], "violated"], [[other, "--server-name", NAME], "met"]):
        _status, document = run_json(capsys, *arguments, "--chain", file)
        assert outcomes(document)["common-name-matches"] == outcome


@pytest.mark.parametrize(("count", "status"), [(16, Exit.VIOLATED), (17, Exit.USAGE)])
def test_a_file_with_more_than_16_certificates_is_rejected(
    count: int, status: Exit, authority: Authority, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(authority.root.public_bytes(Encoding.PEM) * count)
    assert app.run(["tls", NAME, "--chain", str(file)]) == status
    assert ("contains 17 certificates" in capsys.readouterr().err) == (status is Exit.USAGE)


def test_the_text_about_a_file_mentions_no_handshake_and_can_be_written_to_a_file(
    authority: Authority, chain: Callable[[Issued], str], root: str, tmp_path: Path, capsys: Output
) -> None:
    written = tmp_path / "page.txt"
    arguments = ["tls", NAME, "--chain", chain(good(authority)), "--extra-authority", root]

    assert app.run(arguments) == Exit.UNKNOWN
    assert app.run([*arguments, "--output", str(written)]) == Exit.UNKNOWN

    shown = capsys.readouterr().out
    for page in (shown, written.read_text()):
        assert "no connection was made" in page
        assert "handshake" not in page
        assert "Extra CAs trusted by this agent but not by KMS: CN=Test Root" in page
        assert "Met: 7 requirements" in page


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "b\u00fccher.example.com", "10.0.0.1"])
def test_an_invalid_server_name_is_a_usage_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["tls", "127.0.0.1:1", "--server-name", name]) == Exit.USAGE
    assert "--server-name" in capsys.readouterr().err


def test_an_ip_address_is_not_used_as_the_server_name() -> None:
    assert tls._server_name(None, "10.0.0.1") is None
    assert tls._server_name(None, "proxy.example.com") == "proxy.example.com"


@pytest.mark.loopback
def test_a_large_client_hello_is_tested_if_asked_for(
    authority: Authority, tls_server: TlsServer, root: str, capsys: Output
) -> None:
    port = tls_server(good(authority), groups)
    arguments = (NAME, "--connect-to", f"127.0.0.1:{port}", "--extra-authority", root)

    _, without = run_json(capsys, *arguments)
    status, document = run_json(capsys, *arguments, "--large-client-hello")

    assert without["large_client_hello"] is None
    assert LARGE not in outcomes(without)
    assert (status, outcomes(document)[LARGE]) == (Exit.UNKNOWN, "met")
    assert document["offer"] == "kms"
    found = document["large_client_hello"]
    assert (found["answer"], found["address"], found["port"]) == ("hello_retry_request", "127.0.0.1", port)
    assert found["client_hello_bytes"] > 1400


@pytest.mark.loopback
def test_a_large_client_hello_that_is_reset_is_advice_and_shown_in_text(
    authority: Authority, tcp_server: Callable[..., int], tls_server: TlsServer, root: str, capsys: Output
) -> None:
    server = tls_server(good(authority))

    def forward(connection: socket.socket) -> None:
        """A middlebox that resets a connection whose first record is larger than 1,000 bytes."""
        header = connection.recv(5, socket.MSG_WAITALL)
        if int.from_bytes(header[3:], "big") > 1000:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        with socket.create_connection(("127.0.0.1", server)) as onwards:
            onwards.sendall(header)
            copying = threading.Thread(target=copy, args=(onwards, connection))
            copying.start()
            copy(connection, onwards)
            copying.join()

    where = f"127.0.0.1:{tcp_server(forward)}"
    arguments = ["tls", NAME, "--connect-to", where, "--extra-authority", root, "--large-client-hello"]

    status = app.run(arguments)

    text = " ".join(capsys.readouterr().out.split())
    assert status == Exit.UNKNOWN
    assert "ClientHello of two TCP segments: connection reset, " in text
    assert f"1. {LARGE}" in text
    assert app.run([*arguments, "--strict"]) == Exit.VIOLATED
    capsys.readouterr()


def test_a_large_client_hello_needs_a_connection(capsys: Output) -> None:
    assert app.run(["tls", NAME, "--chain", "chain.pem", "--large-client-hello"]) == Exit.USAGE
    assert "leave out --large-client-hello or --chain" in capsys.readouterr().err


LARGE = "large-client-hello-is-answered"


def groups(context: ssl.SSLContext) -> None:
    """A classical group only, so that a client with another key share must try again."""
    context.set_ecdh_curve("prime256v1")  # Python 3.11.2 has no X25519 here


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Until the source closes; then the sink is told."""
    with contextlib.suppress(OSError):
        while data := source.recv(4096):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
