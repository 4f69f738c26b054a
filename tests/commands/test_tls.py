"""`xks-probe tls`: the certificates and the verdicts on them, of a server or of a file, and the status."""

import json
import socket
import ssl
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
    """A file with the root that the tests' certificates lead to, which KMS does not have."""
    file = tmp_path / "root.pem"
    file.write_bytes(authority.root.public_bytes(Encoding.PEM))
    return str(file)


@pytest.fixture
def chain(tmp_path: Path) -> Callable[[Issued], str]:
    """``chain(issued)``: the name of a file with its certificates."""

    def write(issued: Issued) -> str:
        file = tmp_path / "chain.pem"
        file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in issued.chain))
        return str(file)

    return write


def good(authority: Authority, **more: Any) -> Issued:
    return authority.issue(NAME, dns_names=(NAME,), **more)


def run_json(capsys: Output, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The status and the document, which is as its schema wants it."""
    status = app.run(["tls", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert faults(document, "tls") == []
    return status, document


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {verdict["requirement"]: verdict["outcome"] for verdict in document["verdicts"]}


def asks_for_a_certificate(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_OPTIONAL


@pytest.mark.loopback
def test_a_server_that_meets_everything_is_status_0_and_the_borrowed_trust_is_said(
    authority: Authority, tls_server: TlsServer, root: str, capsys: Output
) -> None:
    port = tls_server(good(authority))

    status, said = run_json(capsys, NAME, "--connect-to", f"127.0.0.1:{port}", "--extra-authority", root)

    assert status == Exit.FINE
    assert set(outcomes(said).values()) == {"met"}
    assert (said["address"], said["port"], said["server_name"]) == ("127.0.0.1", port, NAME)
    assert (said["offer"], said["version"], said["failure"]) == ("kms", "TLSv1.3", None)
    assert said["extra_authorities"] == ["CN=Test Root"]


@pytest.mark.loopback
def test_certificates_are_reported_also_when_everything_about_them_is_wrong(
    authority: Authority, tls_server: TlsServer, capsys: Output
) -> None:
    issued = authority.issue("other.example.com", days=-1, with_intermediate=False)
    port = tls_server(issued)

    status, said = run_json(capsys, NAME, "--connect-to", f"127.0.0.1:{port}")

    assert status == Exit.VIOLATED
    assert said["failure"] is None  # the handshake itself went through
    assert [one["subject_common_name"] for one in said["certificates"]] == ["other.example.com"]
    violated = {name for name, outcome in outcomes(said).items() if outcome == "violated"}
    assert violated == set(OF_CERTIFICATES) - {"authority-is-trusted-by-kms"}
    assert outcomes(said)["authority-is-trusted-by-kms"] == "unknown"  # no root can be determined


@pytest.mark.loopback
def test_what_stays_unknown_is_status_3(
    authority: Authority, tls_server: TlsServer, root: str, capsys: Output
) -> None:
    silent_after_it = tls_server(good(authority), asks_for_a_certificate, answer=b"")

    status, said = run_json(
        capsys, NAME, "--connect-to", f"127.0.0.1:{silent_after_it}", "--extra-authority", root
    )

    assert status == Exit.UNKNOWN
    unknown = [name for name, outcome in outcomes(said).items() if outcome == "unknown"]
    assert unknown == ["client-certificate-is-not-required"]


@pytest.mark.loopback
def test_a_closed_port_is_status_1_with_phase_and_reason(capsys: Output) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    status, said = run_json(capsys, f"127.0.0.1:{port}", "--server-name", NAME)

    assert status == Exit.VIOLATED
    assert (said["failure"]["phase"], said["failure"]["reason"]) == ("connect", "refused")
    assert (said["server_name"], said["certificates"]) == (NAME, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a b"], "not a DNS name"),
        ([NAME, "--connect-to", "127.0.0.1:0"], "--connect-to"),
        ([NAME, "--source", "localhost"], "--source"),
        ([NAME, "--extra-authority", "/nonexistent"], "--extra-authority /nonexistent"),
        ([NAME, "--timeout", "0"], "--timeout"),
        ([NAME, "--chain", "/nonexistent"], "--chain /nonexistent: cannot be read: No such file"),
        ([NAME, "--chain", "/dev/null"], "contains no valid PEM certificate"),
        ([NAME, "--chain", "/dev/null", "--connect-to", "127.0.0.1"], "leave out --connect-to"),
        ([NAME, "--chain", "/dev/null", "--source", "127.0.0.1"], "leave out --source"),
    ],
)
def test_wrong_input_is_one_clear_line_and_status_2(arguments: list[str], words: str, capsys: Output) -> None:
    assert app.run(["tls", *arguments]) == Exit.USAGE
    complaint = capsys.readouterr().err
    assert words in complaint
    assert complaint.count("\n") == 1


def test_a_file_is_judged_without_any_socket(
    authority: Authority,
    chain: Callable[[Issued], str],
    root: str,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: Any, **__: Any) -> Never:
        raise AssertionError("a file is judged offline")

    monkeypatch.setattr(socket, "socket", forbidden)
    file = chain(good(authority))

    status, said = run_json(capsys, NAME, "--chain", file, "--extra-authority", root)

    assert (status, outcomes(said)) == (Exit.FINE, OUTCOMES_OF_A_GOOD_FILE)
    assert [one["subject_common_name"] for one in said["certificates"]] == [NAME, "Test Intermediate"]
    absent = ("address", "version", "cipher", "offer", "timestamps", "local_port", "failure")
    assert {said[name] for name in absent} == {None}
    assert said["phases_seconds"] == {"connect": None, "handshake": None}


@pytest.mark.parametrize(
    ("days", "strict", "status", "wrong"),
    [
        (11, True, Exit.FINE, None),
        (9, False, Exit.FINE, "certificate-expires-in-10-days-or-more"),
        (9, True, Exit.VIOLATED, "certificate-expires-in-10-days-or-more"),
        (-1, False, Exit.VIOLATED, "certificate-is-in-date"),
    ],
    ids=["above ten days", "below, advice", "below, strict", "expired"],
)
def test_a_file_has_the_statuses_of_a_server(  # the limits themselves: tests/requirements/test_dates.py
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

    got, said = run_json(capsys, NAME, *options, *(["--strict"] if strict else []))

    assert got == status
    assert wrong is None or outcomes(said)[wrong] == "violated"


def test_a_file_under_a_root_that_kms_does_not_list_is_status_1(
    authority: Authority, chain: Callable[[Issued], str], capsys: Output
) -> None:
    status, said = run_json(capsys, NAME, "--chain", chain(good(authority)))
    assert status == Exit.VIOLATED
    assert (
        outcomes(said)["authority-is-trusted-by-kms"] == "violated"
    )  # an intermediate leads to no listed root
    assert outcomes(said)["chain-is-complete"] == "unknown"  # the root may be left out, one more not


def test_the_name_that_a_file_must_carry_is_host_unless_a_server_name_is_given(
    authority: Authority, chain: Callable[[Issued], str], capsys: Output
) -> None:
    file = chain(good(authority))
    other = "other.example.com"
    for arguments, outcome in ([[other], "violated"], [[other, "--server-name", NAME], "met"]):
        _status, said = run_json(capsys, *arguments, "--chain", file)
        assert outcomes(said)["common-name-matches"] == outcome


@pytest.mark.parametrize(("count", "status"), [(16, Exit.VIOLATED), (17, Exit.USAGE)])
def test_a_file_of_more_certificates_than_a_chain_has_is_refused(
    count: int, status: Exit, authority: Authority, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "bundle.pem"
    file.write_bytes(authority.root.public_bytes(Encoding.PEM) * count)
    assert app.run(["tls", NAME, "--chain", str(file)]) == status
    assert ("contains 17 certificates" in capsys.readouterr().err) == (status is Exit.USAGE)


def test_the_page_of_a_file_claims_no_handshake_and_ends_up_in_the_file_asked_for(
    authority: Authority, chain: Callable[[Issued], str], root: str, tmp_path: Path, capsys: Output
) -> None:
    written = tmp_path / "page.txt"
    arguments = ["tls", NAME, "--chain", chain(good(authority)), "--extra-authority", root]

    assert app.run(arguments) == Exit.FINE
    assert app.run([*arguments, "--output", str(written)]) == Exit.FINE

    shown = capsys.readouterr().out
    for page in (shown, written.read_text()):
        assert "no connection was made" in page
        assert "handshake" not in page
        assert "Extra CAs trusted by this agent but not by KMS: CN=Test Root" in page
        assert "Met: 6 requirements" in page


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "b\u00fccher.example.com", "10.0.0.1"])
def test_a_server_name_that_is_none_is_the_users_mistake_not_the_servers(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["tls", "127.0.0.1:1", "--server-name", name]) == Exit.USAGE
    assert "--server-name" in capsys.readouterr().err


def test_an_address_alone_is_no_name_to_judge_the_certificate_by() -> None:
    assert tls._server_name(None, "10.0.0.1") is None
    assert tls._server_name(None, "proxy.example.com") == "proxy.example.com"
