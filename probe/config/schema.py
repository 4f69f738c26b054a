"""The configuration file as pydantic sees it: keys, kinds, defaults. No rule that spans two keys."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from probe.config import values
from probe.config.values import what, wrong
from probe.model.settings import DEFAULT_LISTEN_PORT
from probe.model.survey import RTT_LIMIT_S


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class KeyStore(_Strict):
    """The external key store; only a label, so far."""

    id: values.Name = Field(description="a label in metrics and reports, as cks-1234567890abcdef0")


class Intervals(_Strict):
    """How often: of the whole file, or of one target."""

    icmp: values.EchoInterval | None = Field(default=None, description="an echo so often; 100ms or more")
    tcp: values.Interval | None = Field(
        default=None, description="a connection so often; up to 30s where it is judged against 35 ms"
    )
    tls: values.Interval | None = Field(default=None, description="a handshake so often")
    dns: values.Interval | None = Field(default=None, description="a query so often")


class Timeouts(_Strict):
    """Given up after: of the whole file, or of one target."""

    icmp: values.Timeout | None = Field(default=None, description="an echo is lost after")
    tcp: values.Timeout | None = Field(default=None, description="a connection is given up after")
    tls: values.Timeout | None = Field(
        default=None, description="connection and handshake are given up after"
    )
    dns: values.Timeout | None = Field(default=None, description="a query is given up after")


class _Entry(_Strict):
    checks: list[values.CheckName] | None = Field(default=None, description="instead of those its role has")
    intervals: Intervals = Field(default=Intervals(), description="instead of the file's")
    timeouts: Timeouts = Field(default=Timeouts(), description="instead of the file's")


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


class Node(_Entry):
    """One address of the Network Load Balancer, or one target registered behind it."""

    name: values.Name = Field(description="its label, unique in the file")
    address: values.Address = Field(description="its IPv4 address")
    port: values.Port = Field(default=443, description="its TCP port")
    zone: values.Name | None = Field(default=None, description="its zone id, as use1-az1")


class KeyManager(_Entry):
    """What the proxy asks: the far end of the 35 ms."""

    name: values.Name = Field(description="its label, unique in the file")
    host: values.Host = Field(description="IPv4 address or name")
    port: values.Port = Field(default=443, description="its TCP port")
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


class Resolver(_Entry):
    """A name server to watch."""

    name: values.Name = Field(description="its label, unique in the file")
    address: values.Address = Field(description="its IPv4 address")
    port: values.Port = Field(default=53, description="its UDP port")
    question: Question = Field(default=Question(), description="what it is asked")


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


_RegionEntry = Annotated[Region, BeforeValidator(_region)]


class Document(_Strict):
    """The whole file."""

    key_store: KeyStore | None = Field(default=None, description="the key store that all of this serves")
    proxy: Proxy | None = Field(default=None, description="the XKS proxy")
    nodes: Annotated[list[Node], BeforeValidator(_listed)] = Field(
        default=[], description="the Network Load Balancer's addresses, one a zone"
    )
    backends: Annotated[list[Node], BeforeValidator(_listed)] = Field(
        default=[], description="targets registered behind the load balancer"
    )
    key_managers: Annotated[list[KeyManager], BeforeValidator(_listed)] = Field(
        default=[], description="the far end of the 35 ms"
    )
    regions: Annotated[list[_RegionEntry], BeforeValidator(_listed)] = Field(
        default=[], description="candidates of the survey: names, or mappings"
    )
    resolvers: Annotated[list[Resolver], BeforeValidator(_listed)] = Field(
        default=[], description="name servers to watch"
    )
    resolve_with: Annotated[list[values.Address], BeforeValidator(_listed)] = Field(
        default=[],
        max_length=8,
        description="name servers that names in this file are resolved with; else the system's",
    )
    extra_authorities: Annotated[list[values.FilePath], BeforeValidator(_listed)] = Field(
        default=[], max_length=64, description="PEM files of private roots, sought beside this file"
    )
    intervals: Annotated[Intervals, BeforeValidator(_mapped)] = Field(
        default=Intervals(), description="how often: icmp 1s, tcp 15s, tls 60s, dns 60s"
    )
    timeouts: Annotated[Timeouts, BeforeValidator(_mapped)] = Field(
        default=Timeouts(), description="given up after: icmp 2s, tcp 2s, tls 5s, dns 3s"
    )
    threshold: values.Threshold = Field(
        default=RTT_LIMIT_S, description="what round trips are judged against"
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
    regions = schema["properties"]["regions"]
    regions["items"] = {"anyOf": [{"type": "string"}, regions["items"]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "xks-probe.yaml"}
