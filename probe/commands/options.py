"""Options that several commands share, spelt and checked once."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands.exits import UsageError
from probe.commands.output import Format
from probe.model.text import clean

if TYPE_CHECKING:
    from probe.signing.credential import Credential

FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]
OutputOption = Annotated[Path | None, typer.Option("--output", help="write to this file instead of stdout")]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.01, max=300, help="seconds from the probe's start")
]
SourceOption = Annotated[str | None, typer.Option("--source", help="local IPv4 address to send from")]
ExtraAuthorityOption = Annotated[
    Path | None,
    typer.Option(
        "--extra-authority", help="PEM file of a private root; KMS does not have it, and the result says so"
    ),
]
CredentialFileOption = Annotated[
    Path | None,
    typer.Option(
        "--credential-file",
        help="KMS's proxy configuration; else XKS_PROXY_ACCESS_KEY_ID and …SECRET_ACCESS_KEY",
    ),
]
CredentialSecretOption = Annotated[
    str | None,
    typer.Option("--credential-secret", help="ARN of a secret of Secrets Manager with the same content"),
]
SignAnywayOption = Annotated[
    bool,
    typer.Option("--sign-anyway", help="for laboratories: sign even if the peer's name or chain is not met"),
]
ConnectToOption = Annotated[
    str | None,
    typer.Option(
        "--connect-to",
        metavar="ADDRESS[:PORT]",
        help="connect here instead of to what the name resolves to",
    ),
]
KeyIdOption = Annotated[str | None, typer.Option("--key-id", help="an external key, for GetKeyMetadata")]
StrictOption = Annotated[bool, typer.Option("--strict", help="violated advice counts, too")]


def credential(file: Path | None, secret: str | None) -> "Credential | None":
    """The XKS proxy's, from the file, the secret or the environment; None without any of them."""
    from probe.signing.credential import load
    from probe.wire.input_error import InputError

    if file is not None and secret is not None:
        raise UsageError("--credential-secret: there is a --credential-file, too; say one of them")
    try:
        if secret is not None:
            from probe.aws.secret import credential_of

            return credential_of(secret)
        return load(file)
    except InputError as error:
        raise UsageError(*error.errors) from None


def check_listen(host: str, *, allowed: bool) -> None:
    """The page shows the inside of a network and has no password: beyond loopback somebody has to want it."""
    if not allowed and not _is_loopback(host):
        raise UsageError(
            f"listen: {clean(host)} is reachable by others and the page has no password; "
            "use 127.0.0.1, or say --web.allow-unauthenticated"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
