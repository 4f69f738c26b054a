"""The secret of the running agent's credential appears in no log, page, metric or child process.

The agent sends health requests to a proxy on loopback that accepts the credential. In other tests, the
agent's own code raises an error.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding
from support.network.xks_proxy import HOST, KEY_ID, REGION, SECRET, XksServer
from support.reports.credential_marker import shows_nothing
from support.tls.authority import Authority

from probe.commands import app
from probe.commands.exits import Exit

pytestmark = pytest.mark.loopback
STORE = "cks-1234567890abcdef0"
CREDENTIAL = json.dumps(
    {"XksProxyAuthenticationCredential": {"AccessKeyId": KEY_ID, "RawSecretAccessKey": SECRET}}
)
REMOVED_VARIABLES = ("XKS_PROXY_", "CREDENTIALS_DIRECTORY")
# All log records of all libraries, including debug, go to stderr: these logs contain the inputs of a signature.
DEBUG = "import logging; logging.basicConfig(level=logging.DEBUG); "
BROKEN = {
    "the signature": ("botocore.auth", "SigV4Auth.add_auth"),
    "the request": ("probe.probes.health_connection", "request_of"),
    "the answer": ("probe.probes.health_connection", "details_of"),
}
BREAK = """
import importlib
def broken(*_args, **_named):
    raise RuntimeError("oops")
module = importlib.import_module("{0}")
*inner, name = "{1}".split(".")
for each in inner:
    module = getattr(module, each)
setattr(module, name, broken)
"""
RUN = "from probe.commands import app; import sys; sys.exit(app.run(sys.argv[1:]))"
Configured = Callable[..., Path]


@pytest.fixture
def configured(authority: Authority, tmp_path: Path, tcp_server: Any) -> Configured:
    """``configured(credential)``: the configuration of an agent that probes a proxy on loopback every five seconds."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root.public_bytes(Encoding.PEM))
    certificate = str(authority.issue(HOST, dns_names=(HOST,)).write(tmp_path))

    def of(credential: Mapping[str, str] | None = None) -> Path:
        port = tcp_server(XksServer(certificate=certificate).serve)
        store = {"id": STORE, "region": REGION, "uri_path": "/kms/xks/v1"}
        document = {
            "key_store": {**store, **({"credential": credential} if credential else {})},
            "proxy": {"private_dns_name": HOST},
            "nodes": [{"name": "here", "address": "127.0.0.1", "port": port}],
            "extra_authorities": ["root.pem"],
            "intervals": {"tcp": "1s", "health": "5s"},
            "timeouts": {"tcp": "1s", "health": "5s"},
            "report_interval": "1s",
            "listen": f"127.0.0.1:{free_port()}",
        }
        file = tmp_path / "xks-probe.yaml"
        file.write_text(yaml.safe_dump(document))
        return file

    return of


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def written(file: Path, text: str = CREDENTIAL, mode: int = 0o600) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    file.chmod(mode)
    return file


def by_file(configured: Configured, folder: Path) -> tuple[Path, dict[str, str]]:
    written(folder / "credential.json")
    return configured({"file": "credential.json"}), {}


def by_systemd(configured: Configured, folder: Path) -> tuple[Path, dict[str, str]]:
    directory = folder / "credentials"
    directory.mkdir()
    written(directory / "xks-proxy", mode=0o440)
    return configured(), {"CREDENTIALS_DIRECTORY": str(directory)}


def by_environment(configured: Configured, _folder: Path) -> tuple[Path, dict[str, str]]:
    return configured(), {"XKS_PROXY_ACCESS_KEY_ID": KEY_ID, "XKS_PROXY_SECRET_ACCESS_KEY": SECRET}


SOURCES = {"file": by_file, "systemd": by_systemd, "environment": by_environment}


@contextmanager
def running(
    file: Path, variables: Mapping[str, str], prelude: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(REMOVED_VARIABLES)}
    command = [
        sys.executable,
        "-c",
        DEBUG + prelude + "\n" + RUN,
        "run",
        "-c",
        str(file),
        "--log-format",
        "json",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**inherited, **variables})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=250)


def shown(file: Path, path: str) -> str:
    listen = yaml.safe_load(file.read_text())["listen"]
    try:
        with urllib.request.urlopen(f"http://{listen}{path}", timeout=250) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def wait_for(condition: Callable[[], bool], log: Path) -> None:
    deadline_s = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline_s, log.read_text()[-3000:]
        time.sleep(0.2)


def was_accepted(file: Path) -> bool:
    status = json.loads(shown(file, "/api/v1/status") or "{}")
    verdicts = (status.get("report") or {"verdicts": []})["verdicts"]
    return ("credential-is-accepted", "met") in {(each["requirement"], each["outcome"]) for each in verdicts}


def started_by(pid: int) -> list[str]:
    children = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [child for of in children for child in of.split()]


def environment_of(pid: object) -> str:
    """Empty if only root can read it, because the process is not dumpable."""
    try:
        return Path(f"/proc/{pid}/environ").read_text()
    except PermissionError:
        return ""


@pytest.mark.parametrize(
    "source",
    [pytest.param(name, marks=[] if name == "file" else [pytest.mark.long]) for name in SOURCES],
)
def test_neither_the_responses_of_a_running_agent_nor_its_log_contain_the_secret(
    source: str, configured: Configured, tmp_path: Path
) -> None:
    file, variables = SOURCES[source](configured, tmp_path)
    log = tmp_path / "log"
    with running(file, variables, "", log) as process:
        wait_for(lambda: was_accepted(file), log)
        for path in ("/", "/metrics", "/api/v1/status", "/-/ready", "/nowhere"):
            shows_nothing(shown(file, path))
        of = Path(f"/proc/{process.pid}")
        shows_nothing((of / "cmdline").read_text())
        if source != "environment":
            shows_nothing(environment_of(process.pid))
        for child in started_by(process.pid):
            shows_nothing(environment_of(child))
    assert process.returncode == Exit.FINE
    assert "started" in log.read_text()
    shows_nothing(log.read_text())


@pytest.mark.parametrize(
    "broken",
    [pytest.param(name, marks=[] if name == "the request" else [pytest.mark.long]) for name in BROKEN],
)
def test_an_internal_error_is_logged_without_the_secret(
    broken: str, configured: Configured, tmp_path: Path
) -> None:
    file, variables = by_file(configured, tmp_path)
    log = tmp_path / "log"
    with running(file, variables, BREAK.format(*BROKEN[broken]), log):
        wait_for(lambda: "internal error in a probe" in log.read_text(), log)
        shows_nothing(shown(file, "/") + shown(file, "/metrics") + shown(file, "/api/v1/status"))
    assert "oops" in log.read_text()
    shows_nothing(log.read_text())


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "is missing": (lambda _file: None, "cannot be read: No such file or directory"),
    "others can read": (
        lambda file: written(file, mode=0o644),
        "other users can read it; run chmod 600 on it",
    ),
    "is not JSON": (lambda file: written(file, CREDENTIAL[:-3]), "is not a KMS proxy configuration"),
    "is something else": (lambda file: written(file, "[]"), "is not a KMS proxy configuration"),
}


@pytest.mark.parametrize("command", ["run", "check-config"])
@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_file_gives_one_clear_line_in_both_commands(
    fault: str, command: str, configured: Configured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = UNUSABLE[fault]
    make(tmp_path / "credential.json")
    file = configured({"file": "credential.json"})
    assert app.run([command, "-c", str(file)]) == Exit.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "credential.json") in line
    assert message in line
    shows_nothing(line)


def test_check_config_shows_nothing_of_the_credential(
    configured: Configured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "credential.json", CREDENTIAL)
    file = configured({"file": "credential.json"})
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    output = capsys.readouterr()
    assert "health" in output.out
    shows_nothing(output.out + output.err)


def test_check_config_does_not_fetch_the_aws_secret(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user who checks a file may not be permitted to read the secret. No server answers for AWS here."""
    file = configured({"secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:b"})
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert "health" in capsys.readouterr().out


def test_two_or_no_credential_sources_give_one_clear_line_in_both_commands(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configured({"file": "a", "secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:b"})
    for command in ("run", "check-config"):
        assert app.run([command, "-c", str(file)]) == Exit.USAGE
        assert "key_store.credential: set either file or secret" in capsys.readouterr().err


def test_a_credential_file_for_another_uri_path_is_logged_once_and_on_the_page(
    configured: Configured, tmp_path: Path
) -> None:
    written(
        tmp_path / "credential.json",
        json.dumps({"XksProxyUriPath": "/other/kms/xks/v1", **json.loads(CREDENTIAL)}),
    )
    file, log = configured({"file": "credential.json"}), tmp_path / "log"
    with running(file, {}, "", log):
        wait_for(lambda: was_accepted(file), log)  # so there were several reports
        notes = json.loads(shown(file, "/api/v1/status"))["connect"]["notes"]
        page = shown(file, "/")
    note = "the URI path /other/kms/xks/v1 (its XksProxyUriPath), but the requests are for /kms/xks/v1"
    assert [note in each for each in notes].count(True) == 1
    assert note in page
    lines = [line for line in log.read_text().splitlines() if note in line]
    assert len(lines) == 1
    assert (STORE in lines[0], '"level": "warning"' in lines[0]) == (True, True)
