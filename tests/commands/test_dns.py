"""`xks-probe dns`: the response of a name server, or the reason for its absence."""

import json
import socket
import threading
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from probe.commands import app
from probe.commands.exits import Exit

RECORD = '"vpce:l6p0ERxl"'  # the quotes are zone file syntax and not part of the record


@pytest.fixture
def name_server() -> Iterator[str]:
    """The address of a server with one TXT record; other names do not exist."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(10)
    thread = threading.Thread(target=_answer_once, args=(sock,), daemon=True)
    thread.start()
    host, port = sock.getsockname()
    yield f"{host}:{port}"
    thread.join(timeout=250)
    sock.close()


def _answer_once(sock: socket.socket) -> None:
    data, client = sock.recvfrom(4096)
    query = dns.message.from_wire(data)
    response = dns.message.make_response(query)
    name = query.question[0].name
    if name.to_text() == "_x.example.com.":
        response.answer.append(dns.rrset.from_text(name, 1800, "IN", "TXT", RECORD))
    else:
        response.set_rcode(dns.rcode.NXDOMAIN)
    sock.sendto(response.to_wire(), client)


@pytest.mark.loopback
def test_a_record_is_shown_with_its_ttl_and_its_round_trip(
    name_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        app.run(["dns", "_x.example.com", "--type", "TXT", "--server", name_server, "--format", "json"])
        == Exit.FINE
    )
    document = json.loads(capsys.readouterr().out)
    assert (document["name"], document["type"], document["rcode"], document["ttl_seconds"]) == (
        "_x.example.com",
        "TXT",
        "NOERROR",
        1800,
    )
    assert document["answers"] == ["vpce:l6p0ERxl"]
    assert 0 < document["rtt_seconds"] < 0.5
    assert document["failure"] is None


@pytest.mark.loopback
def test_a_name_that_does_not_exist_is_a_failure_and_status_1(
    name_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["dns", "no.example.com", "--server", name_server, "--format", "json"]) == Exit.VIOLATED
    document = json.loads(capsys.readouterr().out)
    assert document["rcode"] == "NXDOMAIN"
    assert document["failure"]["reason"] == "name_not_found"


@pytest.mark.loopback
def test_a_missing_response_is_a_timeout(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{sock.getsockname()[1]}"
        assert app.run(["dns", "example.com", "--server", server, "--timeout", "0.2"]) == Exit.VIOLATED
    assert "timed out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a..b", "--server", "127.0.0.1"], "not a domain name"),
        (["a", "--server", "::1"], "--server"),
        (["a", "--type", "SPF"], "SPF"),
    ],
    ids=["empty label", "IPv6 server", "unknown type"],
)
def test_invalid_input_is_reported_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["dns", *arguments]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert words in stderr
    assert stderr.count("\n") == 1
