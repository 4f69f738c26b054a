"""``--web.config.file``: what protects the page, and a certificate that is renewed while the agent runs."""

import base64
import shutil
import subprocess
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
from structlog.testing import capture_logs
from support.network import prometheus_server
from support.network.prometheus_server import wait_for
from support.run_process import CONFIGURATION, fetched, free_port, running
from support.settings_from_text import BACKEND, parse
from support.tls.page_pki import PagePki, page_pki

from probe.commands import app
from probe.commands.exits import Exit, UsageError
from probe.commands.web_config import PageTls, check_access, web_settings
from probe.model.web import WebSettings

pytestmark = pytest.mark.loopback
SALT = b"$2b$04$" + b"a" * 21 + b"e"  # fixed, because each process that runs tests must find the same ones
USERS = f"basic_auth_users: {{prometheus: {bcrypt.hashpw(b'right', SALT).decode()}}}\n"
TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
CLIENTS = TLS.replace("}", ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}")


@pytest.fixture
def pki(tmp_path: Path) -> PagePki:
    return page_pki(tmp_path)


def written(pki: PagePki, text: str) -> Path:
    path = pki.folder / "web.yml"
    path.write_text(text)
    return path


def settings_of(pki: PagePki, text: str) -> WebSettings:
    settings = web_settings(written(pki, text))
    assert settings is not None
    return settings


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [(USERS, True), (CLIENTS, True), (TLS + USERS, True), (TLS, False), (None, False)],
    ids=["passwords", "client certificates", "TLS and passwords", "TLS", "nothing"],
)
@pytest.mark.parametrize("listen", ["0.0.0.0", "192.0.2.1", "127.0.0.1"])
def test_other_machines_need_a_password_or_a_certificate(
    pki: PagePki, text: str | None, listen: str, *, is_allowed: bool
) -> None:
    settings = replace(parse(BACKEND), listen_host=listen)
    web = settings_of(pki, text) if text else None
    if is_allowed or listen == "127.0.0.1":
        check_access(settings, web, is_allowed=False)
    else:
        with pytest.raises(UsageError, match=r"add --web\.config\.file"):
            check_access(settings, web, is_allowed=False)
        check_access(settings, web, is_allowed=True)


@pytest.mark.parametrize(
    ("key", "words"),
    [("foreign.key", "cannot be used: KEY_VALUES_MISMATCH"), ("none.key", "cannot be read: No such file"), ("encrypted.key", "cannot be used")],
)  # fmt: skip
def test_unusable_files_are_one_line_before_the_agent_starts(
    pki: PagePki, key: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(pki, TLS.replace("server.key", key))
    configuration = pki.folder / "x.yaml"
    configuration.write_text(CONFIGURATION.replace("PORT", "9").replace("LISTEN", "0"))
    for command in ("run", "check-config"):
        arguments = [command, "-c", str(configuration), "--web.config.file", str(path)]
        assert app.run(arguments) == Exit.USAGE
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{path}: tls_server_config: certificate, key or CA {words}" in line


def test_check_config_and_run_refuse_the_same_address(
    pki: PagePki, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = pki.folder / "x.yaml"
    configuration.write_text(CONFIGURATION.replace("127.0.0.1:LISTEN", "0.0.0.0:9911").replace("PORT", "9"))
    said = set()
    for command in ("run", "check-config"):
        assert app.run([command, "-c", str(configuration)]) == Exit.USAGE
        said.add(capsys.readouterr().err)
    assert len(said) == 1
    protected = ["--web.config.file", str(written(pki, USERS))]
    assert app.run(["check-config", "-c", str(configuration), *protected]) == Exit.FINE


def test_a_renewed_certificate_is_used_and_an_unusable_one_is_not(pki: PagePki) -> None:
    tls = PageTls(settings_of(pki, TLS))
    first, version = tls.context, tls.version()
    shutil.copy(pki.folder / "own.pem", pki.certificate)
    assert tls.version() != version
    with capture_logs() as logs:
        tls.read_again()
        assert tls.context is first, "the key does not fit yet"
        shutil.copy(pki.folder / "own.key", pki.key)
        tls.read_again()
    assert tls.context is not first
    assert [each["log_level"] for each in logs] == ["error", "info"]
    assert "KEY_VALUES_MISMATCH" in logs[0]["error"]


def test_without_tls_there_is_no_context_and_nothing_to_watch() -> None:
    tls = PageTls(WebSettings())
    assert (tls.context, tls.version()) == (None, ())


def test_the_running_agent_asks_for_a_password_over_tls(pki: PagePki) -> None:
    configuration, listen = pki.folder / "x.yaml", free_port()
    configuration.write_text(CONFIGURATION.replace("PORT", "9").replace("LISTEN", str(listen)))
    url = f"https://127.0.0.1:{listen}/metrics"
    credentials = base64.b64encode(b"prometheus:right").decode()
    with running(configuration, "--web.config.file", str(written(pki, TLS + USERS))) as process:
        asked = urllib.request.Request(url, headers={"Authorization": f"Basic {credentials}"})
        assert "xksprobe_build_info" in fetched(asked, pki.client())
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(url, timeout=250, context=pki.client())
        with pytest.raises(OSError, match=r".+"):
            urllib.request.urlopen(url.replace("https", "http"), timeout=250)  # noqa: S310
        assert "right" not in Path(f"/proc/{process.pid}/cmdline").read_text()


@pytest.mark.real
def test_a_real_prometheus_scrapes_by_tls_and_password_and_is_refused_without(pki: PagePki) -> None:
    configuration, listen, port = pki.folder / "x.yaml", free_port(), free_port()
    configuration.write_text(CONFIGURATION.replace("PORT", "9").replace("LISTEN", str(listen)))
    secured = {"scheme": "https", "tls_config": {"ca_file": str(pki.ca)}}
    with_password = {**secured, "basic_auth": {"username": "prometheus", "password": "right"}}
    command = prometheus_server.command(
        pki.folder, port, f"127.0.0.1:{listen}", scrape=(secured, with_password)
    )
    with running(configuration, "--web.config.file", str(written(pki, TLS + USERS))):
        process = subprocess.Popen(command)
        try:

            def seen() -> dict[str, tuple[str, str]]:
                targets = (prometheus_server.ask(port, "targets") or {"activeTargets": []})["activeTargets"]
                return {each["labels"]["job"]: (each["health"], each["lastError"]) for each in targets}

            refused = ("down", "server returned HTTP status 401 Unauthorized")
            wait_for("one is up, one down", lambda: set(seen().values()) == {("up", ""), refused})
        finally:
            prometheus_server.end(process)
