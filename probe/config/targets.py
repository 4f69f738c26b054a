"""The file's sections as targets with their plans (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass

from probe.config import schema
from probe.model.targets import Check, Plan, Question, Role, Target
from probe.survey import places
from probe.wire.hostport import is_ipv4

DEFAULT_INTERVALS_S = {Check.ICMP: 1.0, Check.TCP: 15.0, Check.TLS: 60.0, Check.DNS: 60.0}
DEFAULT_TIMEOUTS_S = {Check.ICMP: 2.0, Check.TCP: 2.0, Check.TLS: 5.0, Check.DNS: 3.0}
# A Network Load Balancer answers no ICMP, a Region's endpoint rarely.
DEFAULT_CHECKS = {
    Role.PROXY: (Check.TCP, Check.TLS),
    Role.NODE: (Check.TCP, Check.TLS),
    Role.BACKEND: (Check.ICMP, Check.TCP, Check.TLS),
    Role.KEY_MANAGER: (Check.ICMP, Check.TCP),
    Role.REGION: (Check.TCP,),
    Role.RESOLVER: (Check.DNS,),
}
Entry = schema.Proxy | schema.Node | schema.KeyManager | schema.Region | schema.Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A target, where it stands in the file, and which times it sets itself (the others are the file's)."""

    path: str
    target: Target
    entry: Entry

    def where(self, kind: str, check: Check) -> str:
        """The path of what holds for ``check``; ``kind`` is ``intervals`` or ``timeouts``."""
        own = getattr(getattr(self.entry, kind), check.value) is not None
        return f"{self.path}.{kind}.{check}" if own else f"{kind}.{check}"


def drafts(document: schema.Document, positions: dict[str, list[int]]) -> tuple[Draft, ...]:
    """All targets in the order of the file. ``positions``: where the entries of a pruned list had stood."""
    return tuple(
        Draft(path=path, entry=entry, target=_target(entry, role, document))
        for path, role, entry in _entries(document, positions)
    )


def _entries(document: schema.Document, positions: dict[str, list[int]]) -> Iterator[tuple[str, Role, Entry]]:
    proxy = document.proxy
    if proxy is not None and (proxy.address or proxy.host):
        yield "proxy", Role.PROXY, proxy
    sections: tuple[tuple[str, Role, list[Entry]], ...] = (
        ("nodes", Role.NODE, [*document.nodes]),
        ("backends", Role.BACKEND, [*document.backends]),
        ("key_managers", Role.KEY_MANAGER, [*document.key_managers]),
        ("regions", Role.REGION, [*document.regions]),
        ("resolvers", Role.RESOLVER, [*document.resolvers]),
    )
    for section, role, entries in sections:
        for number, entry in enumerate(entries):
            yield f"{section}[{positions[section][number] if section in positions else number}]", role, entry


def _target(entry: Entry, role: Role, document: schema.Document) -> Target:
    host = _host(entry)
    return Target(
        name=_name(entry),
        role=role,
        host=host,
        port=entry.port,
        server_name=_server_name(role, host, document),
        question=_question(entry),
        zone=getattr(entry, "zone", None) or "",
        region=entry.region if isinstance(entry, schema.Region) else "",
        key_store=document.key_store.id if document.key_store else "",
        plans=tuple(
            _plan(check, entry, document)
            for check in (entry.checks if entry.checks is not None else DEFAULT_CHECKS[role])
        ),
    )


def _name(entry: Entry) -> str:
    if isinstance(entry, schema.Region):
        return entry.name or f"region-{entry.region}"
    return entry.name


def _host(entry: Entry) -> str:
    match entry:
        case schema.Proxy():
            return entry.address or entry.host or ""
        case schema.Region():
            return entry.host or places.kms_host(entry.region)
        case schema.KeyManager():
            return entry.host
        case _:
            return entry.address


def _server_name(role: Role, host: str, document: schema.Document) -> str | None:
    """KMS asks the proxy, its nodes and backends by the private DNS name, whatever their addresses are."""
    if role in (Role.PROXY, Role.NODE, Role.BACKEND):
        return document.proxy.private_dns_name if document.proxy else None
    return None if role is Role.RESOLVER or is_ipv4(host) else host


def _question(entry: Entry) -> Question | None:
    if not isinstance(entry, schema.Resolver):
        return None
    return Question(name=entry.question.name, record_type=entry.question.type)


def _plan(check: Check, entry: Entry, document: schema.Document) -> Plan:
    return Plan(
        check=check,
        interval_s=_time(check, entry.intervals, document.intervals, DEFAULT_INTERVALS_S),
        timeout_s=_time(check, entry.timeouts, document.timeouts, DEFAULT_TIMEOUTS_S),
    )


def _time(
    check: Check,
    own: schema.Intervals | schema.Timeouts,
    whole: schema.Intervals | schema.Timeouts,
    defaults: dict[Check, float],
) -> float:
    """The target's own, else the file's, else the default. No time is 0, so `or` will do."""
    return getattr(own, check.value) or getattr(whole, check.value) or defaults[check]
