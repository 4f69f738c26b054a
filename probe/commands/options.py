"""Options that several commands share, declared and checked once."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands.exits import UsageError
from probe.commands.output import Format, output_file
from probe.model.text import clean
from probe.wire.aws_names import REGION

if TYPE_CHECKING:
    from probe.signing.credential import Credential

# Headings of the help, in commands with many options.
CONNECTION = "Connection"
CREDENTIAL = "Credential of the XKS proxy"
VERDICTS = "Verdicts"
OUTPUT = "Output"

_NO_SINGLE_ADDRESS = ("localhost", "0.0.0.0")

FormatOption = Annotated[
    Format,
    typer.Option(
        "--format", metavar="FORMAT", help="text for people, json for programs", rich_help_panel=OUTPUT
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        parser=output_file,
        metavar="FILE",
        help="write to this file instead of standard output (-)",
        rich_help_panel=OUTPUT,
    ),
]
ConfigOption = Annotated[
    Path, typer.Option("-c", "--config", metavar="FILE", help="configuration file", readable=False)
]
AllowUnauthenticatedOption = Annotated[
    bool,
    typer.Option(
        "--web.allow-unauthenticated", help="serve the page on an address that other machines can reach"
    ),
]
WebConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--web.config.file",
        metavar="FILE",
        readable=False,
        help="protects the page by TLS and passwords; the format is that of Prometheus's exporters",
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        min=0.01,
        max=300,
        metavar="SECONDS",
        help="seconds to wait for an answer, from the start of the probe",
        rich_help_panel=CONNECTION,
    ),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="ADDRESS", help="local IPv4 address to send from", rich_help_panel=CONNECTION
    ),
]
ExtraAuthorityOption = Annotated[
    Path | None,
    typer.Option(
        "--extra-authority",
        readable=False,
        metavar="FILE",
        help="PEM file with a private root certificate; accepted here, but not by KMS (the result is marked)",
        rich_help_panel=VERDICTS,
    ),
]
CredentialFileOption = Annotated[
    Path | None,
    typer.Option(
        "--credential-file",
        readable=False,
        metavar="FILE",
        help="proxy configuration file of KMS (JSON); default: the environment variables "
        "XKS_PROXY_ACCESS_KEY_ID and XKS_PROXY_SECRET_ACCESS_KEY",
        rich_help_panel=CREDENTIAL,
    ),
]
CredentialSecretOption = Annotated[
    str | None,
    typer.Option(
        "--credential-secret",
        metavar="ARN",
        help="Secrets Manager secret with the same content",
        rich_help_panel=CREDENTIAL,
    ),
]
PublicOption = Annotated[
    bool,
    typer.Option(
        "--public",
        help="public endpoint connectivity: CreateCustomKeyStore contacts the proxy, too",
        rich_help_panel=VERDICTS,
    ),
]
SignAnywayOption = Annotated[
    bool,
    typer.Option(
        "--sign-anyway",
        help="testing only: sign even if the certificate name or chain is wrong",
        rich_help_panel=CREDENTIAL,
    ),
]
ConnectToOption = Annotated[
    str | None,
    typer.Option(
        "--connect-to",
        metavar="ADDRESS[:PORT]",
        help="connect here instead of to the address that the name resolves to",
        rich_help_panel=CONNECTION,
    ),
]
KeyIdOption = Annotated[
    str | None,
    typer.Option("--key-id", metavar="ID", help="external key to ask for with GetKeyMetadata"),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="also exit with 1 if advice is violated", rich_help_panel=VERDICTS),
]


def credential(file: Path | None, secret: str | None) -> "Credential | None":
    """The credential of the XKS proxy from the file, the secret or the environment, or None."""
    from probe.signing.credential import load
    from probe.wire.input_error import InputError

    if file is not None and secret is not None:
        raise UsageError("--credential-secret: --credential-file is given, too; give only one of them")
    try:
        if secret is not None:
            from probe.aws.secret import credential_of

            return credential_of(secret)
        return load(file)
    except InputError as error:
        raise UsageError(*error.errors) from None


def check_listen(host: str, *, allowed: bool, instead: str = "add --web.allow-unauthenticated") -> None:
    """The page shows the inside of a network: beyond loopback it must be protected, or asked for."""
    if not allowed and not _is_loopback(host):
        raise UsageError(
            f"listen: {clean(host)} is reachable from other machines and the page has no password; "
            f"use 127.0.0.1, or {instead}"
        )


def listen_address(text: str, default_port: int) -> tuple[str, int]:
    """``ADDRESS[:PORT]`` of ``--listen``; 0.0.0.0 is valid, as in a configuration."""
    from probe.wire.hostport import check_address, check_port

    host, colon, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    try:
        if host not in _NO_SINGLE_ADDRESS:
            check_address(host)
        return host, check_port(port) if colon else default_port
    except ValueError as error:
        raise UsageError(f"--listen: {clean(text, 80)!r} {error}") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_region(region: str, where: str) -> None:
    """Raises UsageError for a text that is not the name of a Region."""
    if not REGION.fullmatch(region):
        raise UsageError(f"{where}: {clean(region, 40)!r} is not a Region; expected a name such as eu-west-1")


def host_and_port(text: str, default_port: int, option: str) -> tuple[str, int]:
    """``HOST[:PORT]`` as a pair; HOST is a name or an IPv4 address."""
    from probe.wire.hostport import parse_host_port
    from probe.wire.input_error import InputError

    try:
        return parse_host_port(text, default_port)
    except InputError as error:  # it names the text itself
        raise UsageError(f"{option}: {error}") from None


def extra_authorities(path: Path | None) -> tuple[bytes, ...]:
    """The roots of ``--extra-authority``, as DER."""
    return read_certificates(path, "--extra-authority") if path else ()


def read_certificates(path: Path, option: str) -> tuple[bytes, ...]:
    """The certificates of a PEM file, as DER, in their order; at least one."""
    from probe.storage.files import read_bounded
    from probe.wire.input_error import InputError
    from probe.wire.pem import whole_certificates

    try:
        return whole_certificates(read_bounded(path))
    except InputError as error:
        raise UsageError(f"{option} {clean(str(path))}: {error}") from None
