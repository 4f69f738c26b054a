"""The secret of a known credential appears in no output, log, metric or stored value.

The tests also search for values derived from it (SigV4 signing keys) and for the usual encodings.
"""

import base64
import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from prometheus_client.exposition import generate_latest
from support.accounts.collected import SERVICE_NAME, answer, healthy, written
from support.network.xks_proxy import HOST, KEY_ID, SECRET, XksServer
from support.reports.credential_marker import shows_no_secret, shows_nothing
from support.tls.authority import Authority

from exporters.prometheus import PrometheusSink
from probe.agent import agent
from probe.agent.state import State
from probe.commands import app
from probe.commands.exits import Exit
from probe.model.evidence import Evidence
from probe.model.measurements import Measurement
from probe.probes import health_connection, health_request
from probe.signing.credential import Credential, load
from probe.signing.sigv4 import Signer
from probe.verdicts.judge import judge

pytestmark = pytest.mark.loopback
Output = pytest.CaptureFixture[str]
FORMS = ("text", "json", "markdown", "junit", "html")
# Code that computes the signature must know the secret, so the local variables of its frames contain it.
_SIGNING_FILES = ("botocore/auth.py", "botocore/credentials.py", "hmac.py")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XKS_PROXY_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("XKS_PROXY_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def arguments(
    authority: Authority, tmp_path: Path, tcp_server: Any, planted: None
) -> Callable[..., list[str]]:
    """``arguments(command, **changes)``: a command line for a proxy on loopback with changed settings."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root.public_bytes(Encoding.PEM))

    def of(command: str, **changes: Any) -> list[str]:
        certificate = str(authority.issue(HOST, dns_names=(HOST,)).write(tmp_path))
        at = f"127.0.0.1:{tcp_server(XksServer(certificate=certificate, **changes).serve)}"
        common = ["--extra-authority", str(root), "--timeout", "4", "--key-id", "foo"]
        if command == "health":
            return [
                "health",
                f"https://{HOST}/kms/xks/v1",
                "--region",
                "eu-west-1",
                "--connect-to",
                at,
                *common,
            ]
        document = healthy()
        answer(document, "DescribeNetworkInterfaces")["NetworkInterfaces"] = []
        answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = []
        answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = []
        options = [
            "--endpoint-service",
            SERVICE_NAME,
            "--uri-path",
            "/kms/xks/v1",
            "--public-resolver",
            "127.0.0.1",
        ]
        return ["preflight", "--account", str(written(document, tmp_path)), "--node", at, *options, *common]

    return of


class _OnlyThisTest(logging.Filter):
    """Drops log records of threads that an earlier test left running.

    An AWS call that was abandoned at its deadline may still retry, and botocore logs its signature for AWS.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left_behind = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread not in self._left_behind


@pytest.fixture
def own_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with (
        caplog.at_level(logging.DEBUG),
        caplog.at_level(logging.DEBUG, "botocore"),
        caplog.filtering(_OnlyThisTest()),
    ):
        yield caplog


SITUATIONS: dict[str, dict[str, Any]] = {
    "accepted": {},
    "refused": {"secret": "x" * 43},
    "silent": {"delay_s": 1.2},
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("command", ["health", "preflight"])
def test_no_output_and_no_log_contains_the_secret(
    arguments: Any, command: str, situation: str, capsys: Output, own_log: pytest.LogCaptureFixture
) -> None:
    command_line = arguments(command, **SITUATIONS[situation])
    for form in FORMS[:2] if command == "health" or situation == "silent" else FORMS:
        app.run([*command_line, "--format", form])
        output = capsys.readouterr()
        assert "health" in output.out
        for text in (output.out, output.err, own_log.text):
            shows_nothing(text)
    shows_nothing(Path("/proc/self/cmdline").read_text(encoding="utf-8", errors="replace"))


def test_a_secret_from_a_file_is_not_shown_either(
    arguments: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    command_line = arguments("health")
    monkeypatch.delenv("XKS_PROXY_ACCESS_KEY_ID")
    monkeypatch.delenv("XKS_PROXY_SECRET_ACCESS_KEY")
    file = tmp_path / "credential.json"
    document = {"XksProxyAuthenticationCredential": {"AccessKeyId": KEY_ID, "RawSecretAccessKey": SECRET}}
    file.touch(mode=0o600)
    file.write_text(json.dumps(document))
    assert app.run([*command_line, "--credential-file", str(file), "--format", "json"]) == Exit.UNKNOWN
    output = capsys.readouterr()
    shows_nothing(output.out + output.err)
    file.write_text(json.dumps(document)[:-3])
    assert app.run([*command_line, "--credential-file", str(file)]) == Exit.USAGE
    shows_nothing(capsys.readouterr().err)


def _values(of: object, seen: set[int]) -> Iterator[object]:
    """Each value reachable from ``of``, except the contents of objects that must keep the credential."""
    if id(of) in seen or isinstance(of, (str, bytes, int, float, Credential, Signer)):
        return
    seen.add(id(of))
    yield of
    inner: list[object] = []
    if is_dataclass(of):
        inner = [getattr(of, each.name) for each in fields(of)]
    elif isinstance(of, dict):
        inner = [*of.keys(), *of.values()]
    elif isinstance(of, (tuple, list, frozenset)):
        inner = list(of)
    for each in inner:
        yield from _values(each, seen)


def test_no_value_and_no_metric_contains_the_secret(
    arguments: Any, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    kept: list[object] = []
    snapshot, request = State.snapshot, health_request.request_of

    def recorded_snapshot(state: State, *arguments_: Any) -> Evidence:
        evidence = snapshot(state, *arguments_)
        kept.extend([*arguments_, state.settings, state.stores, evidence, judge(evidence)])
        return evidence

    def recorded_request(*arguments_: Any) -> Any:
        kept.extend([*arguments_, made := request(*arguments_)])
        return made

    monkeypatch.setattr(State, "snapshot", recorded_snapshot)
    monkeypatch.setattr(health_connection, "request_of", recorded_request)
    app.run(arguments("preflight"))
    capsys.readouterr()
    reached = [value for each in kept for value in _values(each, set())]
    assert any(isinstance(value, Evidence) for value in reached)
    for value in reached:
        # Only a request's headers contain the signature: they are sent, but never shown.
        if "Authorization" not in (value if isinstance(value, (list, tuple)) else ()) and not _is_headers(
            value
        ):
            shows_nothing(f"{value!r} {value}")
        shows_no_secret(f"{value!r}")
    sink = PrometheusSink("1")
    for value in reached:
        if isinstance(value, Measurement):
            sink.on_targets((value.target,))
            sink.on_measurement(value)
    shows_nothing(generate_latest(sink.registry).decode())


def _is_headers(value: object) -> bool:
    return isinstance(value, list) and any(
        isinstance(each, tuple) and each[:1] == ("Authorization",) for each in value
    )


BREAKABLE: list[tuple[Any, str]] = [
    (botocore.auth.SigV4Auth, "signature"),
    (botocore.auth.SigV4Auth, "add_auth"),
    (health_connection, "request_of"),
    (health_connection, "details_of"),
    (health_connection.HttpConnection, "exchange"),
    (agent, "judge"),
]


@pytest.mark.parametrize("command", ["health", "preflight"])
@pytest.mark.parametrize(("where", "name"), BREAKABLE, ids=[name for _, name in BREAKABLE])
def test_a_crash_is_one_line_without_the_secret_in_its_frames(
    arguments: Any, command: str, where: Any, name: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    if (command, name) == ("health", "judge"):
        where = sys.modules["probe.verdicts.judge"]
    frames: list[traceback.FrameSummary] = []

    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("oops")

    printed = traceback.print_exc

    def recorded_print() -> None:
        _walk(traceback.TracebackException(*sys.exc_info(), capture_locals=True), frames)  # type: ignore[arg-type]
        printed()

    monkeypatch.setattr(where, name, broken)
    command_line = arguments(command)
    assert app.run(command_line) == Exit.UNKNOWN
    output = capsys.readouterr()
    assert "internal error" in output.err
    assert len(output.err.splitlines()) == 1, "no traceback, and no box by typer or rich"
    shows_nothing(output.out + output.err)
    monkeypatch.setenv("XKS_PROBE_DEBUG", "1")
    monkeypatch.setattr(app.traceback, "print_exc", recorded_print)
    app.run(command_line)
    output = capsys.readouterr()
    assert "Traceback" in output.err
    shows_nothing(output.out + output.err)
    assert any("probe/" in frame.filename for frame in frames)
    for frame in frames:
        if not frame.filename.endswith(_SIGNING_FILES):
            shows_no_secret(f"{frame.locals}")


def _walk(of: traceback.TracebackException | None, frames: list[traceback.FrameSummary]) -> None:
    """Collects all frames of an exception, of its causes, and of the exceptions in a group."""
    if of is None:
        return
    frames.extend(of.stack)
    for each in (of.__cause__, of.__context__, *(of.exceptions or ())):
        _walk(each, frames)


def test_the_search_would_find_the_secret(planted: None) -> None:
    """Otherwise the tests above would pass without finding anything."""
    credential = load(None)
    assert credential is not None
    _, secret = credential.as_key_pair()
    for text in (f"x{secret}x", base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
        with pytest.raises(AssertionError):
            shows_no_secret(text)
    headers = dict(Signer(credential, "eu-west-1").headers(HOST, "/kms/xks/v1/health", b"{}"))
    with pytest.raises(AssertionError):
        shows_nothing(headers["Authorization"])
    shows_no_secret(headers["Authorization"])
