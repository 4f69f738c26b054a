"""Servers run by OpenSSL, and malformed ones, get the right verdict for each requirement."""

import contextlib
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from support.reports.schema_check import faults
from support.tls import tls_servers
from support.tls.certificates import DAY_S, HOST, Chain, Pki, issue
from support.tls.handshake_rows import HANDSHAKES, REFUSED
from support.tls.rows import (
    ALL,
    ANSWERED,
    AUTHORITY,
    CHAIN,
    CHAINS,
    CLIENT,
    CN,
    DATE,
    DATES,
    FILES,
    KEYS,
    NAMES,
    OF_CERTIFICATES,
    PATH,
    SAN,
    SUITE,
    TIMED_OUT,
    TLS_CODE,
    Row,
)
from support.tls.tls_servers import Serve, Server

from probe.commands import app

pytestmark = pytest.mark.real
ROWS = (*NAMES, *DATES, *CHAINS, *KEYS, *HANDSHAKES)
BY_CERTIFICATES = (*NAMES, *DATES, *CHAINS, *KEYS)
Output = pytest.CaptureFixture[str]
WITH_EXTRA_CA = 3  # the best status where the root is an extra CA


@dataclass(frozen=True, kw_only=True)
class Running:
    server: Server
    chain: Chain


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture(scope="module")
def root(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("root") / "root.pem"
    file.write_text(pki.root.pem)
    return str(file)


@pytest.fixture(scope="module")
def running(
    pki: Pki, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Running]]:
    """The servers of the selected rows, all started at once."""
    wanted = {item.callspec.params["row"].says for item in request.session.items if _has_row(item)}
    folder = tmp_path_factory.mktemp("servers")
    with contextlib.ExitStack() as stack:
        started = {}
        for number, row in enumerate(row for row in ROWS if row.says in wanted):
            chain = row.chain(pki)
            server = stack.enter_context(tls_servers.openssl(folder / str(number), chain, *row.arguments))
            started[row.says] = Running(server=server, chain=chain)
        yield started


def _has_row(item: Any) -> bool:
    return item.path == Path(__file__) and "row" in getattr(getattr(item, "callspec", None), "params", {})


def rows(of: tuple[Row, ...]) -> Any:
    """Of the rows with the same expected findings, all except the first are marked as long."""
    seen: set[object] = set()
    params = []
    for row in of:
        marks = [pytest.mark.long] if finding(row) in seen else []
        params.append(pytest.param(row, id=row.says, marks=marks))
        seen.add(finding(row))
    return pytest.mark.parametrize("row", params)


def finding(row: Row) -> object:
    return row.violated, row.unknown, row.status, row.failure, row.sent, row.code


def run_json(capsys: Output, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the document, validated by its schema."""
    status = app.run(["tls", *arguments, "--format", "json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert faults(document, "tls") == []
    return status, document


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    found = {each["requirement"]: each["outcome"] for each in document["verdicts"]}
    return {requirement: found[requirement] for requirement in ALL if requirement in found}


def expected(row: Row) -> dict[str, str]:
    result = dict.fromkeys(ALL, "met")
    result |= dict.fromkeys(row.violated, "violated")
    return result | dict.fromkeys(row.unknown, "unknown")


def failure(document: dict[str, Any]) -> str | None:
    failed = document["failure"]
    return failed and f"{failed['phase']} {failed['reason']}"


def reasons(document: dict[str, Any]) -> str:
    return "\n".join(f"{each['requirement']}: {each['because']}" for each in document["verdicts"])


def codes(document: dict[str, Any]) -> dict[str, str]:
    """The errors predicted for ConnectCustomKeyStore, by violated requirement."""
    return {
        verdict["requirement"]: error["error"]
        for verdict in document["verdicts"]
        for error in verdict["kms_errors"]
        if error["operation"] == "connect"
    }


@rows(ROWS)
def test_an_openssl_server_gets_the_right_verdicts(
    row: Row, running: dict[str, Running], root: str, capsys: Output
) -> None:
    entry = running[row.says]
    where = f"127.0.0.1:{entry.server.port()}"
    timeout = "2" if CLIENT in row.unknown else "20"

    status, report = run_json(
        capsys, where, "--server-name", row.host, "--extra-authority", root, "--timeout", timeout
    )

    assert outcomes(report) == expected(row), reasons(report)
    assert (failure(report), status) == (row.failure, row.status or WITH_EXTRA_CA)
    assert len(report["certificates"]) == (len(entry.chain) if row.sent is None else row.sent)
    assert codes(report) == dict.fromkeys(row.with_error, row.code)


@rows((*BY_CERTIFICATES, *FILES))
def test_a_file_with_the_chain_gets_the_verdicts_of_the_server(
    row: Row, pki: Pki, root: str, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "chain.pem"
    file.write_text("".join(each.pem for each in row.chain(pki)))

    status, report = run_json(capsys, row.host, "--chain", str(file), "--extra-authority", root)

    assert outcomes(report) == {name: expected(row)[name] for name in ALL if name in OF_CERTIFICATES}
    assert status == (row.status or WITH_EXTRA_CA)


HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>plain HTTP"
ALERT_UNRECOGNIZED_NAME = bytes.fromhex("15030300020270")
# A TLS 1.2 ServerHello with ECDHE-RSA-AES256-GCM-SHA384; its only extension is renegotiation_info.
SERVER_HELLO = bytes.fromhex("16030300310200002d0303" + "11" * 32 + "00c030000005ff01000100")
CERTIFICATE_OF_16_MB = bytes.fromhex("16030300040bffffff")


@pytest.mark.parametrize(
    ("serve", "reason", "code"),
    [
        (tls_servers.says(HTTP), "protocol_error", TLS_CODE),
        (tls_servers.says(b"<html><h1>Bad request syntax</h1></html>"), "protocol_error", TLS_CODE),
        (tls_servers.says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "protocol_error", TLS_CODE),
        (tls_servers.says(b"220 mail.example.com ESMTP \x1b[31mPostfix\r\n"), "protocol_error", TLS_CODE),
        (tls_servers.says(bytes(range(256)) * 300), "protocol_error", TLS_CODE),
        (tls_servers.says(ALERT_UNRECOGNIZED_NAME), "protocol_error", TLS_CODE),
        (tls_servers.closes, "closed", TLS_CODE),
        (tls_servers.resets, "reset", TLS_CODE),
        (tls_servers.stays_silent, "timed_out", TIMED_OUT),
        (tls_servers.trickles, "timed_out", TIMED_OUT),
        (tls_servers.says(SERVER_HELLO[:20]), "timed_out", TIMED_OUT),
        (tls_servers.says(SERVER_HELLO), "timed_out", TIMED_OUT),
    ],
    ids=[
        *("plain HTTP", "HTML without a header", "SSH", "mail", "garbage", "an alert", "a close", "a reset"),
        *("silence", "one byte per second", "half a ServerHello", "only a ServerHello"),
    ],
)
def test_a_server_that_does_not_answer_in_tls_leaves_the_rest_unknown(
    serve: Serve, reason: str, code: str, tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    where = f"127.0.0.1:{tcp_server(serve)}"
    timeout = "1" if reason == "timed_out" else "20"

    status, report = run_json(capsys, where, "--server-name", HOST, "--timeout", timeout)

    assert outcomes(report) == {name: "violated" if name == ANSWERED else "unknown" for name in ALL}
    assert (failure(report), status, report["certificates"]) == (f"handshake {reason}", 1, [])
    assert codes(report) == {ANSWERED: code}


def test_a_refusal_leaves_all_of_tls_unknown(capsys: Output) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", HOST)

    assert set(outcomes(report).values()) == {"unknown"}
    assert (failure(report), status, report["certificates"]) == ("connect refused", 1, [])


def test_a_certificate_over_our_size_limit_is_not_a_fault_of_the_server(
    tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    port = tcp_server(tls_servers.says(SERVER_HELLO + CERTIFICATE_OF_16_MB))

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", HOST)

    assert set(outcomes(report).values()) == {"unknown"}
    assert (failure(report), status) == ("handshake over_limit", 1)


def test_certificates_are_evaluated_even_if_the_handshake_is_reset_after_them(
    pki: Pki, root: str, tmp_path: Path, tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    port = tcp_server(tls_servers.first_flight_only(pki.chain("other.example.com"), tmp_path))

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", HOST, "--extra-authority", root)

    assert (failure(report), status, len(report["certificates"])) == ("handshake reset", 1, 2)
    by_outcome = {name: outcome for name, outcome in outcomes(report).items() if outcome != "met"}
    assert by_outcome == {SUITE: "violated", CN: "violated", CLIENT: "unknown"}


def test_a_reset_instead_of_an_alert_also_shows_that_a_client_certificate_is_required(
    pki: Pki, root: str, tmp_path: Path, tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    port = tcp_server(tls_servers.first_flight_only(pki.chain(), tmp_path, asks=True))

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", HOST, "--extra-authority", root)

    assert {name: outcome for name, outcome in outcomes(report).items() if outcome != "met"} == {
        CLIENT: "violated"
    }
    assert (failure(report), status, codes(report)) == ("handshake reset", 1, {CLIENT: TLS_CODE})


@pytest.mark.parametrize(
    ("name", "common_name"), [(HOST, HOST), ("other.example.com", "*.example.com")], ids=["one", "another"]
)
def test_the_certificate_for_the_sent_server_name_is_evaluated(
    name: str,
    common_name: str,
    pki: Pki,
    root: str,
    tmp_path: Path,
    tcp_server: Callable[[Serve], int],
    capsys: Output,
) -> None:
    chains = {each: pki.chain(each, san=(each,)) for each in (HOST, "*.example.com")}
    port = tcp_server(
        tls_servers.by_name({HOST: chains[HOST], "other.example.com": chains["*.example.com"]}, tmp_path)
    )

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", name, "--extra-authority", root)

    assert status == WITH_EXTRA_CA, reasons(report)
    assert report["certificates"][0]["subject_common_name"] == common_name


def test_an_unknown_server_name_gives_an_alert(
    pki: Pki, tmp_path: Path, tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    port = tcp_server(tls_servers.by_name({HOST: pki.chain()}, tmp_path))

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", "third.example.com")

    assert (failure(report), status) == ("handshake protocol_error", 1)
    assert report["failure"]["detail"] == "alert 112 (unrecognized_name)"


def test_a_server_with_only_a_post_quantum_group_gets_no_kms_handshake(
    pki: Pki, root: str, tcp_server: Callable[[Serve], int], capsys: Output
) -> None:
    port = tcp_server(tls_servers.with_groups(b"X25519MLKEM768", pki.chain()))

    status, report = run_json(capsys, f"127.0.0.1:{port}", "--server-name", HOST, "--extra-authority", root)

    assert {name for name, outcome in outcomes(report).items() if outcome != "met"} == {SUITE}
    assert (failure(report), status, report["offer"]) == (REFUSED, 1, "diagnosing")


FAULTY: dict[str, Callable[[Pki], Chain]] = {
    SUITE: Pki.chain,
    CN: lambda pki: pki.chain("other.example.com"),
    DATE: lambda pki: pki.chain(from_s=DAY_S),
    CHAIN: lambda pki: (pki.leaf(),),
    AUTHORITY: lambda _: (issue(HOST, san=(HOST,)),),
    CLIENT: Pki.chain,
}
ARGUMENTS = {SUITE: ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"), CLIENT: ("-Verify", "1")}
OTHER_CODES = {
    CN: {"XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"},
    CLIENT: {"XKS_PROXY_ACCESS_DENIED"},
}


@pytest.mark.parametrize("requirement", [SUITE, CN, DATE, CHAIN, AUTHORITY, CLIENT])
def test_every_error_name_that_aws_documents_for_a_fault_is_predicted(
    requirement: str, pki: Pki, root: str, tmp_path: Path, capsys: Output
) -> None:
    """With VPC connectivity, ConnectCustomKeyStore, UpdateCustomKeyStore and CreateKey return them, but not
    CreateCustomKeyStore.
    """
    chain, arguments = FAULTY[requirement](pki), ARGUMENTS.get(requirement, ())
    with tls_servers.openssl(tmp_path / "server", chain, "-www", *arguments) as server:
        where = f"127.0.0.1:{server.port()}"
        _, report = run_json(capsys, where, "--server-name", HOST, "--extra-authority", root)

    violated = {each["requirement"]: each for each in report["verdicts"] if each["outcome"] == "violated"}
    # Both validators refuse the path for the same fault, if it is one of the path.
    assert set(violated) == {requirement, *([PATH] if requirement in {DATE, CHAIN, AUTHORITY} else [])}
    verdict = violated[requirement]
    assert {
        error["operation"]: (error["error"], set(error["alternatives"])) for error in verdict["kms_errors"]
    } == {
        "connect": (TLS_CODE, OTHER_CODES.get(requirement, set())),
        "update": ("XksProxyUriUnreachableException", {"XksProxyInvalidConfigurationException"}),
        "create_key": ("CustomKeyStoreInvalidStateException", set()),
    }
    assert {error["likelihood"] for error in verdict["kms_errors"]} == {"expected"}


def test_a_required_client_certificate_is_detected_every_time(
    pki: Pki, root: str, tmp_path: Path, capsys: Output
) -> None:
    """The server closes the connection while the request is in flight: the alert must not be lost."""
    with tls_servers.openssl(tmp_path / "server", pki.chain(), "-www", "-Verify", "1") as server:
        where = f"127.0.0.1:{server.port()}"
        for _ in range(20):
            _, report = run_json(capsys, where, "--server-name", HOST, "--extra-authority", root)
            assert outcomes(report)[CLIENT] == "violated", reasons(report)


HOSTILE = ("\x1b[2J\x1b[31mred", "[/red]", "line\nbreak", "<script>alert(1)</script>", "\u202egnp", "=cmd()")


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 12_000], ids=[*map(ascii, HOSTILE), "long"])
def test_a_hostile_certificate_cannot_reach_the_terminal(
    name: str, pki: Pki, tmp_path: Path, capsys: Output
) -> None:
    alternative = x509.DNSName._init_without_validation(name.encode("ascii", "replace").decode())
    chain = pki.chain(name, by=issue(f"CA {name}"[:9000], pki.root, ca=True), san=(alternative,))
    with tls_servers.openssl(tmp_path / "server", chain, "-www") as server:
        where = f"127.0.0.1:{server.port()}"
        for form in ("text", "json"):
            assert app.run(["tls", where, "--server-name", HOST, "--format", form]) == 1
            shown = capsys.readouterr().out
            assert all(character == "\n" or character.isprintable() for character in shown)
            assert len(shown) < 20_000
            unwrapped = shown.replace("\\\\", "\\").replace("\n", "")
            assert len(name) > 100 or name.encode("unicode_escape").decode() in unwrapped


@pytest.mark.parametrize(("arguments", "status"), [([], 3), (["--strict"], 1)], ids=["default", "strict"])
def test_the_installed_command_gives_the_same_result(
    arguments: list[str], status: int, xks_probe: Path, pki: Pki, root: str, tmp_path: Path
) -> None:
    with tls_servers.openssl(tmp_path / "server", pki.chain(san=()), "-www") as server:
        command = [xks_probe, "tls", f"127.0.0.1:{server.port()}", "--server-name", HOST]
        command += ["--extra-authority", root, "--format", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)

    assert (done.returncode, done.stderr) == (status, "")
    assert outcomes(json.loads(done.stdout))[SAN] == "violated"
