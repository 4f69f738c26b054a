"""The web configuration: exporter-toolkit's keys, each error in one line, and nothing secret in any of them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.temporary import temporary_path

from probe.config.footprint import ConfigError
from probe.config.web import MAX_COST, load
from probe.model.web import ClientCertificates, WebSettings

HASH = "$2y$10$" + "a" * 21 + "e" + "a" * 31
USERS = f"basic_auth_users: {{prometheus: {HASH}}}"
TLS = "cert_file: server.pem, key_file: server.key"


def read(directory: Path, text: str) -> WebSettings:
    path = directory / "web.yml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def error_of(directory: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(directory, text)
    (line,) = caught.value.errors
    assert line.startswith(f"{directory}/web.yml: ")
    return line.removeprefix(f"{directory}/web.yml: ")


def test_passwords_alone(tmp_path: Path) -> None:
    settings = read(tmp_path, USERS)
    assert settings == WebSettings(users={"prometheus": HASH.encode()})
    assert settings.keeps_strangers_out
    assert HASH not in repr(settings)


def test_tls_alone_keeps_no_stranger_out(tmp_path: Path) -> None:
    settings = read(tmp_path, f"tls_server_config: {{{TLS}}}")
    assert settings.tls
    assert (settings.tls.certificate_file, settings.tls.key_file) == (
        str(tmp_path / "server.pem"),
        str(tmp_path / "server.key"),
    )
    assert (settings.tls.is_1_2_allowed, settings.tls.is_1_3_allowed) == (True, True)
    assert not settings.keeps_strangers_out


@pytest.mark.parametrize(
    ("auth", "keeps_out"), [("RequireAndVerifyClientCert", True), ("VerifyClientCertIfGiven", False)]
)
def test_required_client_certificates_keep_strangers_out(tmp_path: Path, auth: str, keeps_out: bool) -> None:
    text = f"tls_server_config: {{{TLS}, client_auth_type: {auth}, client_ca_file: ca.pem}}"
    settings = read(tmp_path, text)
    assert settings.tls
    assert settings.tls.client_certificates is ClientCertificates(auth)
    assert settings.tls.client_ca_file == str(tmp_path / "ca.pem")
    assert settings.keeps_strangers_out is keeps_out


def test_versions_and_suites_have_gos_names(tmp_path: Path) -> None:
    text = (
        f"tls_server_config: {{{TLS}, min_version: TLS12, max_version: TLS12, prefer_server_cipher_suites: true, "
        "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}\nhttp_server_config: {http2: false}"
    )
    settings = read(tmp_path, text)
    assert settings.tls
    assert (settings.tls.is_1_2_allowed, settings.tls.is_1_3_allowed) == (True, False)
    assert settings.tls.ciphers == ("ECDHE-RSA-AES256-GCM-SHA384",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http_server_config: {http2: true}", "protects nothing; add tls_server_config or basic_auth_users"),
        ("basic_auth_users: {}", "protects nothing"),
        ("rate_limit: {interval: 1s}", "rate_limit: unknown key; valid keys: tls_server_config"),
        ("tls_server_config: {cert_file: a}", "tls_server_config.key_file: is missing"),
        (f"tls_server_config: {{{TLS}, min_version: TLS11}}", "'TLS11' is text; use TLS12 or TLS13"),
        (f"tls_server_config: {{{TLS}, min_version: TLS13, max_version: TLS12}}", "min_version is above max_version"),
        (f"tls_server_config: {{{TLS}, client_ca_file: x}}", "client_ca_file is not used; add client_auth_type"),
        (f"tls_server_config: {{{TLS}, client_auth_type: RequireAndVerifyClientCert}}", "client_ca_file is missing"),
        (f"tls_server_config: {{{TLS}, client_auth_type: RequireAnyClientCert}}", "does not verify the certificate"),
        (f"tls_server_config: {{{TLS}, client_auth_type: [1]}}", "is a list; use NoClientCert"),
        (f"tls_server_config: {{{TLS}, cipher_suites: [RC4]}}", "'RC4' is text; use TLS_ECDHE_ECDSA"),
        ("- a", "is not a mapping"),
        ("", "is empty"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    assert words in error_of(tmp_path, text)


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "''",
        "7",
        "[hunter2]",
        HASH[:-1],
        HASH + "a",
        HASH.replace("$10$", "$03$"),
        HASH.replace("e", "f"),
    ],
)
def test_a_value_that_is_not_a_hash_is_refused_and_neither_it_nor_its_user_is_shown(
    tmp_path: Path, value: str
) -> None:
    line = error_of(tmp_path, f"basic_auth_users: {{hunter1: {value}}}")
    assert "is not a bcrypt hash" in line
    assert "hunter" not in line
    assert "a" * 20 not in line


@pytest.mark.parametrize(("cost", "is_refused"), [(MAX_COST, False), (MAX_COST + 1, True)])
def test_a_hash_that_takes_too_long_to_check_is_refused(
    tmp_path: Path, cost: int, *, is_refused: bool
) -> None:
    text = USERS.replace("$10$", f"${cost}$")
    if is_refused:
        assert f"has cost {cost}; use a hash with a cost of {MAX_COST} or less" in error_of(tmp_path, text)
    else:
        assert read(tmp_path, text).users


def settings_or_errors(path: Path) -> WebSettings | tuple[str, ...]:
    try:
        return load(path)
    except ConfigError as error:
        return error.errors


@given(st.binary(max_size=80))
def test_any_bytes_are_settings_or_lines_that_can_be_printed(content: bytes) -> None:
    with temporary_path("web.yml") as path:
        path.write_bytes(content)
        match settings_or_errors(path):
            case tuple(lines):
                assert lines
                assert all(line.isprintable() for line in lines)
            case settings:
                assert settings.users or settings.tls
