"""Reads a web configuration file, in the format of exporter-toolkit (its docs/web-configuration.md)."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from probe.config import messages
from probe.config.footprint import ConfigError
from probe.config.values import what, wrong
from probe.model.text import clean
from probe.model.web import ClientCertificates, WebSettings, WebTls
from probe.storage.files import read_file
from probe.wire import yaml_document
from probe.wire.input_error import InputError

MAX_COST = 14  # of bcrypt; each step doubles the time, and 14 takes about a second
# The last of the salt's 22 characters has only two bits; bcrypt raises an error for others.
_HASH = re.compile(rb"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
_MIN_COST = 4
_MAX_USERS = 64
# The names of Go's crypto/tls; TLS 1.3 suites cannot be chosen there, either.
_CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
_TLS_VERSIONS = ("TLS12", "TLS13")
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert")


def _one_of(*names: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value not in names:
            raise wrong(f"{what(value)}; use {' or '.join(names)}")
        return value

    return BeforeValidator(check)


def _client_auth(value: object) -> object:
    if value in _UNVERIFIED:
        raise wrong(f"{value} does not verify the certificate; use {ClientCertificates.REQUIRED}")
    if not isinstance(value, str) or value not in set(ClientCertificates):
        raise wrong(f"{what(value)}; use {', '.join(ClientCertificates)}")
    return ClientCertificates(value)


def _cipher(value: object) -> object:
    if not isinstance(value, str) or value not in _CIPHERS:
        raise wrong(f"{what(value)}; use {', '.join(_CIPHERS)}")
    return _CIPHERS[value]


def _hashed(value: object) -> bytes:
    """The value is never shown: somebody may have written the password itself."""
    hashed = value.encode("utf-8", "replace") if isinstance(value, str) else b""
    found = _HASH.fullmatch(hashed)
    if found is None or int(found[1]) < _MIN_COST:
        raise wrong('is not a bcrypt hash; `htpasswd -nBC 10 ""` makes one')
    if int(found[1]) > MAX_COST:
        raise wrong(f"has cost {int(found[1])}; use a hash with a cost of {MAX_COST} or less")
    return hashed


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TlsServer(_Strict):
    """``tls_server_config``; paths are relative to the file."""

    cert_file: str
    key_file: str
    client_auth_type: Annotated[ClientCertificates, BeforeValidator(_client_auth)] = ClientCertificates.NONE
    client_ca_file: str | None = None
    min_version: Annotated[str, _one_of(*_TLS_VERSIONS)] = "TLS12"
    max_version: Annotated[str, _one_of(*_TLS_VERSIONS)] = "TLS13"
    cipher_suites: list[Annotated[str, BeforeValidator(_cipher)]] = []
    prefer_server_cipher_suites: bool = True


class HttpServer(_Strict):
    """``http_server_config``; the page is served by HTTP/1.1, also if HTTP/2 is allowed."""

    http2: bool = True


class WebDocument(_Strict):
    """The file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: Annotated[
        dict[str, Annotated[bytes, BeforeValidator(_hashed)]], Field(max_length=_MAX_USERS)
    ] = {}


def load(path: Path) -> WebSettings:
    """The settings in the file. Raises ConfigError, whose lines start with the path of the file."""
    source = clean(str(path))
    try:
        raw = yaml_document.parse(read_file(path), source, if_empty="delete the option, or protect the page")
    except InputError as error:
        raise ConfigError(error.errors) from error
    try:
        document = WebDocument.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = (_line(each) for each in found[:20])
        raise ConfigError(tuple(f"{source}: {line}" for line in lines)) from None
    tls, directory = document.tls_server_config, path.parent
    if tls and (fault := _fault(tls)):
        raise ConfigError((f"{source}: tls_server_config: {fault}",))
    if tls is None and not document.basic_auth_users:
        raise ConfigError((f"{source}: protects nothing; add tls_server_config or basic_auth_users",))
    return WebSettings(tls=_tls(tls, directory) if tls else None, users=document.basic_auth_users)


def _line(error: Any) -> str:
    """Without the name and the value of a user, because either may be a password."""
    if error["loc"][0] == "basic_auth_users":
        return f"basic_auth_users: a user's value {messages.line(error, WebDocument).rpartition(': ')[2]}"
    return messages.line(error, WebDocument)


def _fault(tls: TlsServer) -> str | None:
    if tls.client_auth_type is not ClientCertificates.NONE and tls.client_ca_file is None:
        return "client_ca_file is missing; it has the CAs whose certificates clients may use"
    if tls.client_auth_type is ClientCertificates.NONE and tls.client_ca_file is not None:
        return f"client_ca_file is not used; add client_auth_type: {ClientCertificates.REQUIRED}"
    if tls.min_version > tls.max_version:
        return "min_version is above max_version"
    return None


def _tls(tls: TlsServer, directory: Path) -> WebTls:
    return WebTls(
        certificate_file=str(directory / tls.cert_file),
        key_file=str(directory / tls.key_file),
        client_certificates=tls.client_auth_type,
        client_ca_file=str(directory / tls.client_ca_file) if tls.client_ca_file else None,
        is_1_2_allowed=tls.min_version == "TLS12",
        is_1_3_allowed=tls.max_version == "TLS13",
        ciphers=tuple(dict.fromkeys(tls.cipher_suites)),
    )
