"""The configuration file as pydantic sees it: keys, kinds, defaults. No rule that spans two keys."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from probe.config import values
from probe.config.values import what, wrong
from probe.model.kinds import CHECKS, PLANNED, ROLES
from probe.model.settings import DEFAULT_LISTEN_PORT
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import Role
from probe.wire.duration import format_duration


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _times(name: str, doc: str, kinds: Mapping[str, Any]) -> type[BaseModel]:
    """A model with a key for each check that can be planned."""
    fields: Any = {key: (each, Field(default=None, description=text)) for key, (each, text) in kinds.items()}
    return create_model(name, __base__=_Strict, __doc__=doc, **fields)


_PLANNED = [CHECKS[check] for check in PLANNED]
Intervals = _times(
    "Intervals",
    "How often: of the whole file, or of one target.",
    {
        kind.key: (
            values.interval(kind.least_interval_s) | None,
            f"{kind.help} so often" + (f"; {kind.note}" if kind.note else ""),
        )
        for kind in _PLANNED
    },
)
Timeouts = _times(
    "Timeouts",
    "Given up after: of the whole file, or of one target.",
    {kind.key: (values.Timeout | None, f"{kind.help} is given up after") for kind in _PLANNED},
)


class _Entry(_Strict):
    checks: list[values.CheckName] | None = Field(default=None, description="instead of those its role has")
    intervals: Intervals = Field(default=Intervals(), description="instead of the file's")  # type: ignore[valid-type]
    timeouts: Timeouts = Field(default=Timeouts(), description="instead of the file's")  # type: ignore[valid-type]


class Proxy(_Entry):
    """The XKS proxy under its own name."""

    private_dns_name: values.DnsName = Field(
        description="sent as SNI to proxy, nodes and backends; the certificate must carry it"
    )
    name: values.Name = Field(default="proxy", description="its label")
    address: values.Address | None = Field(
        default=None, description="where it answers; without address and host it is not probed itself"
    )
    host: values.Host | None = Field(
        default=None, description="instead of address, a name that resolves here"
    )
    port: values.Port = Field(default=443, description="its TCP port")


class ByAddress(_Entry):
    """What is met at an address alone."""

    name: values.Name = Field(description="its label, unique in the file")
    address: values.Address = Field(description="its IPv4 address")
    port: values.Port = Field(default=443, description="its TCP port")


class ByHost(_Entry):
    """What may have a name that resolves."""

    name: values.Name = Field(description="its label, unique in the file")
    host: values.Host = Field(description="IPv4 address or name")
    port: values.Port = Field(default=443, description="its TCP port")


class Node(ByAddress):
    """One address of the Network Load Balancer, or one target registered behind it."""

    zone: values.Name | None = Field(default=None, description="its zone id, as use1-az1")


class KeyManager(ByHost):
    """What the proxy asks: the far end of the 35 ms."""

    zone: values.Name | None = Field(default=None, description="its zone id, if it has one")


class Region(_Entry):
    """A candidate Region; a name alone will do."""

    region: values.Name = Field(description="as eu-central-1")
    name: values.Name | None = Field(default=None, description="its label; else region-<region>")
    host: values.Host | None = Field(default=None, description="else the Region's public KMS endpoint")
    port: values.Port = Field(default=443, description="its TCP port")


class Question(_Strict):
    """What a resolver is asked."""

    name: values.DnsName = Field(default="amazonaws.com", description="a DNS name")
    type: values.RecordType = Field(default="SOA", description="a record type")


class Resolver(ByAddress):
    """A name server to watch."""

    port: values.Port = Field(default=53, description="its UDP port")
    question: Question = Field(default=Question(), description="what it is asked")


Entry = Proxy | Region | ByAddress | ByHost


def _region(value: object) -> object:
    if isinstance(value, str):
        return {"region": value}
    if not isinstance(value, dict):
        raise wrong(f"{what(value)}; a Region's name or a mapping belongs here")
    return value


def _listed(value: object) -> object:
    """A section whose entries are all commented out is empty, which YAML calls null."""
    return [] if value is None else value


def _mapped(value: object) -> object:
    return {} if value is None else value


def _stores(value: object) -> object:
    """One mapping is a list of one."""
    if value is not None and not isinstance(value, dict | list):
        raise wrong(f"{what(value)}; a mapping belongs here, as {{id: cks-1234567890abcdef0}}")
    return [] if value is None else [value] if isinstance(value, dict) else value


def _defaults(name: str) -> str:
    return ", ".join(f"{kind.key} {format_duration(getattr(kind, name))}" for kind in _PLANNED)


_RegionEntry = Annotated[Region, BeforeValidator(_region)]


class Credential(_Strict):
    """Where the credential of the XKS proxy is; it is never in this file."""

    file: values.FilePath | None = Field(
        default=None, description="KMS's proxy configuration JSON, which nobody else can read"
    )
    secret: values.SecretArn | None = Field(
        default=None, description="instead of file, the ARN of a secret of Secrets Manager with that content"
    )


class _OfStore(_Strict):
    """What is probed for one key store: at the top of the file, or below each of several key stores."""

    proxy: Proxy | None = Field(default=None, description="the XKS proxy")
    nodes: Annotated[list[Node], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.NODE].help
    )
    backends: Annotated[list[Node], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.BACKEND].help
    )
    key_managers: Annotated[list[KeyManager], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.KEY_MANAGER].help
    )


class _Described(_Strict):
    id: values.Name = Field(description="a label in metrics and reports, as cks-1234567890abcdef0")
    region: values.RegionName | None = Field(
        default=None, description="its Region, for which requests are signed; else AWS_REGION, else EC2's"
    )
    uri_path: values.UriPath | None = Field(
        default=None, description="the proxy's URI path as KMS is told it, as /kms/xks/v1"
    )
    key_id: values.ExternalKeyId | None = Field(
        default=None, description="an external key whose metadata the proxy is asked for"
    )
    credential: Credential | None = Field(
        default=None,
        description="of the proxy; else a file in $CREDENTIALS_DIRECTORY, else the environment",
    )


class KeyStore(_OfStore, _Described):
    """An external key store. With a path and a credential its proxy is asked for its health."""


class _Stores(_Strict):
    key_store: Annotated[list[KeyStore], BeforeValidator(_stores)] = Field(
        default=[], description="the key store that all of this serves; or a list of several"
    )


class Document(_OfStore, _Stores):
    """The whole file."""

    regions: Annotated[list[_RegionEntry], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.REGION].help
    )
    resolvers: Annotated[list[Resolver], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.RESOLVER].help
    )
    resolve_with: Annotated[list[values.Address], BeforeValidator(_listed)] = Field(
        default=[],
        max_length=8,
        description="name servers that names in this file are resolved with; else the system's",
    )
    extra_authorities: Annotated[list[values.FilePath], BeforeValidator(_listed)] = Field(
        default=[], max_length=64, description="PEM files of private roots, sought beside this file"
    )
    intervals: Annotated[Intervals, BeforeValidator(_mapped)] = Field(  # type: ignore[valid-type]
        default=Intervals(), description=f"how often: {_defaults('interval_s')}"
    )
    timeouts: Annotated[Timeouts, BeforeValidator(_mapped)] = Field(  # type: ignore[valid-type]
        default=Timeouts(), description=f"given up after: {_defaults('timeout_s')}"
    )
    threshold: values.Threshold = Field(
        default=RTT_THRESHOLD_S, description="what round trips are judged against"
    )
    report_interval: values.ReportInterval = Field(default=10.0, description="how often everything is judged")
    listen: values.Listen = Field(
        default=f"127.0.0.1:{DEFAULT_LISTEN_PORT}", description="where the page and /metrics are"
    )
    source_address: values.Address | None = Field(
        default=None, description="an address of this machine to probe from"
    )
    external_url: values.Url | None = Field(
        default=None, description="the page's address as its users see it"
    )
    allow_unauthenticated: values.Boolean = Field(
        default=False, description="the page may be had from other machines without a password"
    )
    govcloud: values.Boolean = Field(default=False, description="the key store is in AWS GovCloud (US)")


def json_schema() -> dict[str, Any]:
    """JSON schema of the file, draft 2020-12."""
    schema = Document.model_json_schema()
    regions, stores = schema["properties"]["regions"], schema["properties"]["key_store"]
    regions["items"] = {"anyOf": [{"type": "string"}, regions["items"]]}
    one, several = stores.pop("items"), {"type": stores.pop("type")}
    stores["anyOf"] = [one, {**several, "items": one}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "xks-probe.yaml"}
