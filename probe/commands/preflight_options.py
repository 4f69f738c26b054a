"""The options of `preflight`, as one value: typer reads them off the fields."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from probe.commands import options
from probe.commands.output import output_file

DEFAULT_TIMEOUT_S = 10.0


class Form(StrEnum):
    """The formats of a preflight report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    JUNIT = "junit"
    HTML = "html"


# Headings of the help.
_STORE, _NETWORK, _AWS, _REPORT = "Key store", "Network", "AWS account", "Report"


def _option(flag: str, metavar: str, text: str, group: str) -> Any:
    """A file is read, and errors reported, by the command: ``readable`` would only check, in fewer words."""
    return typer.Option(flag, metavar=metavar, help=text, rich_help_panel=group, readable=False)


def _flag(flag: str, text: str, group: str) -> Any:
    return typer.Option(flag, help=text, rich_help_panel=group)


@dataclass(frozen=True, kw_only=True)
class PreflightOptions:
    """As given, unchecked."""

    key_store: Annotated[
        str | None,
        _option("--key-store", "ID", "existing key store (cks-…); the rest is discovered", _STORE),
    ] = None
    endpoint_service: Annotated[
        str | None,
        _option("--endpoint-service", "NAME", "com.amazonaws.vpce.REGION.vpce-svc-…", _STORE),
    ] = None
    uri_endpoint: Annotated[
        str | None, _option("--uri-endpoint", "URL", "https://PRIVATE-DNS-NAME", _STORE)
    ] = None
    uri_path: Annotated[str | None, _option("--uri-path", "PATH", "[/PREFIX]/kms/xks/v1", _STORE)] = None
    public: Annotated[
        bool, _flag("--public", "public endpoint connectivity instead of a VPC endpoint service", _STORE)
    ] = False
    name: Annotated[str | None, _option("--name", "NAME", "name for a new key store", _STORE)] = None
    key_id: Annotated[
        str | None, _option("--key-id", "ID", "external key to ask for with GetKeyMetadata", _STORE)
    ] = None
    region: Annotated[
        str | None,
        _option(
            "--region",
            "REGION",
            "Region of the key store; default: AWS_REGION, this instance's, then the endpoint service's",
            _AWS,
        ),
    ] = None
    owner: Annotated[
        str | None,
        _option("--owner", "ACCOUNT", "account that owns the endpoint service, if it is another one", _AWS),
    ] = None
    store_account: Annotated[
        str | None,
        _option("--store-account", "ACCOUNT", "account of the key store, if it is another one", _AWS),
    ] = None
    account: Annotated[
        Path | None,
        _option("--account", "FILE", "output of deploy/aws/collect.sh, to use instead of calls to AWS", _AWS),
    ] = None
    target: Annotated[
        list[str] | None,
        _option("--target", "ADDRESS[:PORT]", "target behind the load balancer; default port 443", _NETWORK),
    ] = None
    node: Annotated[
        list[str] | None,
        _option("--node", "ADDRESS[:PORT]", "node of the load balancer; default port 443", _NETWORK),
    ] = None
    key_manager: Annotated[
        list[str] | None,
        _option(
            "--key-manager",
            "HOST[:PORT]",
            "key manager behind the proxy, to which the 35 ms limit applies; default port 443",
            _NETWORK,
        ),
    ] = None
    data_centre: Annotated[
        list[str] | None,
        _option("--data-centre", "CIDR", "IPv4 range of the key manager's network", _NETWORK),
    ] = None
    public_resolver: Annotated[
        list[str] | None,
        _option(
            "--public-resolver",
            "ADDRESS",
            "resolver to query for public DNS; default: 8.8.8.8, 1.1.1.1 and 9.9.9.9",
            _NETWORK,
        ),
    ] = None
    source: options.SourceOption = None
    timeout: options.TimeoutOption = DEFAULT_TIMEOUT_S
    credential_file: options.CredentialFileOption = None
    credential_secret: options.CredentialSecretOption = None
    sign_anyway: options.SignAnywayOption = False
    extra_authority: options.ExtraAuthorityOption = None
    strict: options.StrictOption = False
    against: Annotated[
        Path | None, _option("--against", "FILE", "earlier JSON report to compare with", _REPORT)
    ] = None
    watch: Annotated[
        bool,
        _flag(
            "--watch", "repeat every minute, showing changes, until nothing is violated or unknown", _REPORT
        ),
    ] = False
    redact: Annotated[
        bool,
        _flag("--redact", "replace accounts, private addresses and key ids with pseudonyms", _REPORT),
    ] = False
    form: Annotated[
        Form,
        _option(
            "--format", "FORMAT", "text, markdown or html for people; json or junit for programs", _REPORT
        ),
    ] = Form.TEXT
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            parser=output_file,
            metavar="FILE",
            help="write to this file instead of standard output (-)",
            rich_help_panel=_REPORT,
        ),
    ] = None
