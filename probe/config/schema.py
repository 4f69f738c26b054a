"""The pydantic model of the configuration file: keys, types, defaults; no constraints between keys."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from probe.config import values
from probe.config.values import what, wrong
from probe.model.kinds import CHECKS, PLANNED, ROLES
from probe.model.settings import DEFAULT_LISTEN_PORT, RefreshTimes
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import Role
from probe.wire.duration import format_duration


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _times(name: str, doc: str, kinds: Mapping[str, Any]) -> type[BaseModel]:
    """A model with one key per check that can be planned."""
    fields: Any = {key: (each, Field(default=None, description=text)) for key, (each, text) in kinds.items()}
    return create_model(name, __base__=_Strict, __doc__=doc, **fields)


_PLANNED = [CHECKS[check] for check in PLANNED]
Intervals = _times(
    "Intervals",
    "Intervals between checks, for all targets or for one.",
    {
        kind.key: (
            values.interval(kind.least_interval_s) | None,
            f"interval of this check ({kind.help})" + (f"; {kind.note}" if kind.note else ""),
        )
        for kind in _PLANNED
    },
)
Timeouts = _times(
    "Timeouts",
    "Timeouts of checks, for all targets or for one.",
    {kind.key: (values.Timeout | None, f"timeout of this check ({kind.help})") for kind in _PLANNED},
)


_REFRESH = RefreshTimes()
# Facts that are read for a whole key store; `rules` and `settings` use the keys.
REFRESHED = {"audit": "reading the AWS account", "record": "looking up the verification record"}


class FileIntervals(Intervals):  # type: ignore[misc, valid-type]
    """Intervals of checks, and of reading the facts of a key store."""

    audit: values.RefreshInterval | None = Field(
        default=None, description="interval of reading the AWS account"
    )
    record: values.RefreshInterval | None = Field(
        default=None, description="interval of looking up the verification record"
    )


class FileTimeouts(Timeouts):  # type: ignore[misc, valid-type]
    """Timeouts of checks, and of reading the facts of a key store."""

    audit: values.Timeout | None = Field(default=None, description="timeout of reading the AWS account")
    record: values.Timeout | None = Field(
        default=None, description="timeout of looking up the verification record"
    )


class _Entry(_Strict):
    checks: list[values.CheckName] | None = Field(default=None, description="replaces the role's default")
    intervals: Intervals = Field(default=Intervals(), description="overrides the file's")  # type: ignore[valid-type]
    timeouts: Timeouts = Field(default=Timeouts(), description="overrides the file's")  # type: ignore[valid-type]


class Proxy(_Entry):
    """The XKS proxy itself."""

    private_dns_name: values.DnsName = Field(
        description="sent as SNI to proxy, nodes and backends; the certificate must match it"
    )
    name: values.Name = Field(default="proxy", description="label in metrics and reports")
    address: values.Address | None = Field(
        default=None, description="IPv4 address; the proxy is probed only if address or host is set"
    )
    host: values.Host | None = Field(
        default=None, description="alternative to address: a name that resolves on the agent's machine"
    )
    port: values.Port = Field(default=443, description="TCP port")


class ByAddress(_Entry):
    """A target with an IPv4 address."""

    name: values.Name = Field(description="label in metrics and reports, unique in the file")
    address: values.Address = Field(description="IPv4 address")
    port: values.Port = Field(default=443, description="TCP port")


class ByHost(_Entry):
    """A target with an IPv4 address or a DNS name."""

    name: values.Name = Field(description="label in metrics and reports, unique in the file")
    host: values.Host = Field(description="IPv4 address or DNS name")
    port: values.Port = Field(default=443, description="TCP port")


class Node(ByAddress):
    """One address of the Network Load Balancer, or one target registered behind it."""

    zone: values.Name | None = Field(default=None, description="zone id, for example use1-az1")


class KeyManager(ByHost):
    """An HSM or key manager behind the proxy; the 35 ms limit applies to it."""

    zone: values.Name | None = Field(default=None, description="zone id, if it has one")


class Region(_Entry):
    """A candidate Region; may be given as a name only."""

    region: values.Name = Field(description="Region name, for example eu-central-1")
    name: values.Name | None = Field(
        default=None, description="label in metrics and reports; default: region-<region>"
    )
    host: values.Host | None = Field(
        default=None, description="host to probe; default: the Region's public KMS endpoint"
    )
    port: values.Port = Field(default=443, description="TCP port")


class Question(_Strict):
    """The DNS query sent to a resolver."""

    name: values.DnsName = Field(default="amazonaws.com", description="DNS name")
    type: values.RecordType = Field(default="SOA", description="record type")


class Resolver(ByAddress):
    """A name server to watch."""

    port: values.Port = Field(default=53, description="UDP port")
    question: Question = Field(default=Question(), description="the DNS query to send")


Entry = Proxy | Region | ByAddress | ByHost


def _region(value: object) -> object:
    if isinstance(value, str):
        return {"region": value}
    if not isinstance(value, dict):
        raise wrong(f"{what(value)}; expected a Region's name or a mapping")
    return value


def _listed(value: object) -> object:
    """An empty section (all entries commented out) is null in YAML; it counts as an empty list."""
    return [] if value is None else value


def _mapped(value: object) -> object:
    return {} if value is None else value


def _stores(value: object) -> object:
    """A single mapping counts as a list with one entry."""
    if value is not None and not isinstance(value, dict | list):
        raise wrong(f"{what(value)}; expected a mapping such as {{id: cks-1234567890abcdef0}}")
    return [] if value is None else [value] if isinstance(value, dict) else value


def _defaults(name: str) -> str:
    times = {kind.key: getattr(kind, name) for kind in _PLANNED}
    times |= {key: getattr(_REFRESH, f"{key}_{name}") for key in REFRESHED}
    return ", ".join(f"{key} {format_duration(time_s)}" for key, time_s in times.items())


_RegionEntry = Annotated[Region, BeforeValidator(_region)]


class Credential(_Strict):
    """Where the XKS proxy's credential is stored; the credential itself is never in this file."""

    file: values.FilePath | None = Field(
        default=None, description="KMS's proxy configuration JSON file; rejected if other users can read it"
    )
    secret: values.SecretArn | None = Field(
        default=None, description="alternative to file: ARN of a Secrets Manager secret with the same JSON"
    )


class _OfStore(_Strict):
    """The targets of one key store: at the top level of the file, or in each of several key stores."""

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


class Aws(_Strict):
    """Where AWS is called."""

    region: values.RegionName | None = Field(
        default=None,
        description="Region of key stores without a region; default: the endpoint service's, then "
        "AWS_REGION, then the EC2 instance's",
    )


class _Described(_Strict):
    id: values.Name | None = Field(
        default=None,
        description="id of the key store (cks-…), which is then discovered through the AWS API; or a label; "
        "optional for a single key store with an endpoint_service",
    )
    region: values.RegionName | None = Field(
        default=None,
        description="Region of the key store; default: aws.region, then the endpoint service's, then "
        "AWS_REGION, then the EC2 instance's",
    )
    endpoint_service: values.ServiceName | None = Field(
        default=None,
        description="name of the VPC endpoint service, which is then discovered through the AWS API",
    )
    uri_endpoint: values.UriEndpoint | None = Field(
        default=None, description="the proxy's URI endpoint as given to KMS, if AWS does not know it yet"
    )
    owner: values.AccountId | None = Field(
        default=None, description="account that owns the endpoint service, if it is another one"
    )
    uri_path: values.UriPath | None = Field(
        default=None, description="the proxy's URI path as configured in KMS, for example /kms/xks/v1"
    )
    key_id: values.ExternalKeyId | None = Field(
        default=None, description="id of an external key, whose metadata is requested from the proxy"
    )
    credential: Credential | None = Field(
        default=None,
        description="the proxy's credential; default: a file in $CREDENTIALS_DIRECTORY, then the environment",
    )


class KeyStore(_OfStore, _Described):
    """An external key store. Health requests need its URI path and a credential."""

    discovery: values.Boolean | None = Field(
        default=None, description="for this key store, instead of the file's own discovery"
    )


class History(_Strict):
    """The history on disk."""

    path: values.HistoryPath | None = Field(
        default=None,
        description="the file, relative to this file; default: history.sqlite in $STATE_DIRECTORY",
    )
    keep: values.Keep = Field(default=7 * values.DAY_S, description="how long results are kept; default: 7d")
    most_bytes: values.Size = Field(
        default=512 << 20, description="maximum size with the write-ahead log; default: 512MiB"
    )


def _history(value: object) -> object:
    """``false`` switches the history off, also where there is a state directory."""
    if value is not None and value is not False and not isinstance(value, dict):
        raise wrong(f"{what(value)}; expected false or a mapping such as {{path: history.sqlite}}")
    return {} if value is None else None if value is False else value


class _Stores(_Strict):
    key_store: Annotated[list[KeyStore], BeforeValidator(_stores)] = Field(
        default=[], description="the external key store, or a list of several"
    )


class Document(_OfStore, _Stores):
    """The configuration file."""

    endpoint_service: values.ServiceName | None = Field(
        default=None, description="like key_store.endpoint_service, for a file with at most one key store"
    )
    discovery: values.Boolean | None = Field(
        default=None,
        description="read the AWS account, and probe what it lists; default: true for a key store with a "
        "cks-… id or an endpoint_service whose Region is known",
    )
    aws: Annotated[Aws, BeforeValidator(_mapped)] = Field(default=Aws(), description="where AWS is called")
    public_resolvers: Annotated[list[values.Address], BeforeValidator(_listed)] = Field(
        default=[],
        max_length=8,
        description="resolvers that are queried for the verification record; default: 8.8.8.8, 1.1.1.1 and "
        "9.9.9.9",
    )
    regions: Annotated[list[_RegionEntry], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.REGION].help
    )
    resolvers: Annotated[list[Resolver], BeforeValidator(_listed)] = Field(
        default=[], description=ROLES[Role.RESOLVER].help
    )
    resolve_with: Annotated[list[values.Address], BeforeValidator(_listed)] = Field(
        default=[],
        max_length=8,
        description="name servers for resolving names in this file; default: the system's",
    )
    extra_authorities: Annotated[list[values.FilePath], BeforeValidator(_listed)] = Field(
        default=[],
        max_length=64,
        description="PEM files of private root CAs, which KMS does not trust; relative to this file",
    )
    intervals: Annotated[FileIntervals, BeforeValidator(_mapped)] = Field(
        default=FileIntervals(), description=f"intervals between checks; defaults: {_defaults('interval_s')}"
    )
    timeouts: Annotated[FileTimeouts, BeforeValidator(_mapped)] = Field(
        default=FileTimeouts(), description=f"timeouts of checks; defaults: {_defaults('timeout_s')}"
    )
    vantage: values.Vantage = Field(
        default="",
        description="name of the place to probe from, for page and metrics; default: the host name on "
        "the page, nothing in the metrics",
    )
    threshold: values.Threshold = Field(default=RTT_THRESHOLD_S, description="limit for round-trip times")
    report_interval: values.ReportInterval = Field(
        default=10.0, description="interval between evaluations of all requirements"
    )
    history: Annotated[History | None, BeforeValidator(_history)] = Field(
        default=History(),
        description="where results are kept on disk, how long, and how many; false: nowhere",
    )
    listen: values.Listen = Field(
        default=f"127.0.0.1:{DEFAULT_LISTEN_PORT}",
        description="address and port of the status page and /metrics",
    )
    source_address: values.Address | None = Field(default=None, description="local address to probe from")
    external_url: values.Url | None = Field(
        default=None, description="URL of the status page for its users, for example behind a reverse proxy"
    )
    allow_unauthenticated: values.Boolean = Field(
        default=False, description="allow a non-loopback listen address without a password"
    )
    govcloud: values.Boolean = Field(default=False, description="the key store is in AWS GovCloud (US)")


def json_schema() -> dict[str, Any]:
    """JSON schema of the file, draft 2020-12."""
    schema = Document.model_json_schema()
    regions, stores = schema["properties"]["regions"], schema["properties"]["key_store"]
    regions["items"] = {"anyOf": [{"type": "string"}, regions["items"]]}
    one, several = stores.pop("items"), {"type": stores.pop("type")}
    stores["anyOf"] = [one, {**several, "items": one}]
    schema["properties"]["history"] = {
        **{key: each for key, each in schema["properties"]["history"].items() if key != "default"},
        "anyOf": [*schema["properties"]["history"]["anyOf"], {"const": False}],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "xks-probe.yaml"}
