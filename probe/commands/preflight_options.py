"""The options of `preflight`, as one value: typer reads them off the fields."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from probe.commands import options

DEFAULT_TIMEOUT_S = 10.0


class Form(StrEnum):
    """The forms of a preflight's report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    HTML = "html"


@dataclass(frozen=True, kw_only=True)
class PreflightOptions:
    """As given, unchecked."""

    key_store: Annotated[str | None, typer.Option("--key-store", help="an existing one: cks-…")] = None
    endpoint_service: Annotated[
        str | None, typer.Option("--endpoint-service", help="com.amazonaws.vpce.REGION.vpce-svc-…")
    ] = None
    uri_endpoint: Annotated[str | None, typer.Option("--uri-endpoint", help="https://PRIVATE-DNS-NAME")] = (
        None
    )
    uri_path: Annotated[str | None, typer.Option("--uri-path", help="[/PREFIX]/kms/xks/v1")] = None
    public: Annotated[bool, typer.Option("--public", help="public endpoint connectivity, no VPC")] = False
    name: Annotated[str | None, typer.Option("--name", help="the name of a key store to be made")] = None
    owner: Annotated[str | None, typer.Option("--owner", help="account that owns the endpoint service")] = (
        None
    )
    store_account: Annotated[
        str | None, typer.Option("--store-account", help="account of the key store, if not this one")
    ] = None
    region: Annotated[str | None, typer.Option("--region", help="Region of the key store")] = None
    target: Annotated[
        list[str] | None, typer.Option("--target", help="a target behind the load balancer, ADDRESS[:PORT]")
    ] = None
    node: Annotated[
        list[str] | None, typer.Option("--node", help="a node of the load balancer, ADDRESS[:PORT]")
    ] = None
    key_manager: Annotated[
        list[str] | None, typer.Option("--key-manager", help="the far end of the 35 ms, HOST[:PORT]")
    ] = None
    data_centre: Annotated[
        list[str] | None, typer.Option("--data-centre", help="an IPv4 range of the key manager's network")
    ] = None
    public_resolver: Annotated[
        list[str] | None,
        typer.Option("--public-resolver", help="asked for public DNS instead of 8.8.8.8, 1.1.1.1, 9.9.9.9"),
    ] = None
    account: Annotated[
        Path | None, typer.Option("--account", help="what deploy/aws/collect.sh collected; AWS is not asked")
    ] = None
    key_id: options.KeyIdOption = None
    credential_file: options.CredentialFileOption = None
    credential_secret: options.CredentialSecretOption = None
    sign_anyway: options.SignAnywayOption = False
    against: Annotated[
        Path | None, typer.Option("--against", help="an older one in JSON: say what changed since")
    ] = None
    redact: Annotated[
        bool, typer.Option("--redact", help="pseudonyms for accounts, private addresses and key ids")
    ] = False
    watch: Annotated[
        bool, typer.Option("--watch", help="again each minute, saying what changed, until all is fine")
    ] = False
    extra_authority: options.ExtraAuthorityOption = None
    source: options.SourceOption = None
    timeout: options.TimeoutOption = DEFAULT_TIMEOUT_S
    strict: options.StrictOption = False
    form: Annotated[
        Form, typer.Option("--format", help="text, markdown, html for people; json, junit for programs")
    ] = Form.TEXT
    file: options.OutputOption = None
