"""Turns the sections of the configuration into targets with their planned checks (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from probe.config import schema
from probe.model.kinds import CHECKS, OF_STORE, ROLES
from probe.model.targets import Check, PlannedCheck, Question, Role, Target
from probe.survey import locations
from probe.wire.hostport import is_ipv4


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A target with its YAML path and its entry, which may override the file's intervals and timeouts."""

    path: str
    target: Target
    entry: schema.Entry
    owner: "Owner"

    def where(self, kind: str, check: Check) -> str:
        """The path of the value in effect for ``check``; ``kind`` is ``intervals`` or ``timeouts``."""
        key = CHECKS[check].key
        own = getattr(getattr(self.entry, kind), key) is not None
        return f"{self.path}.{kind}.{key}" if own else f"{kind}.{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The key store that a target belongs to; ``id`` is "" if there is none.

    ``path`` is its YAML path. ``asks_health``: health requests can be sent to its proxy.
    """

    path: str = "key_store"
    id: str = ""
    proxy: schema.Proxy | None = None
    asks_health: bool = False


def drafts(
    document: schema.Document, positions: Mapping[str, Sequence[int]], owners: Sequence[Owner]
) -> tuple[Draft, ...]:
    """All targets in the order of the file.

    ``positions`` are the original indexes of list entries whose invalid neighbours were removed. ``owners``
    are the key stores, in order; targets at the top level of the file belong to the first one.
    """
    made = [*_drafts(document, "", OF_STORE, positions, owners[0], document)]
    for store, owner in zip(document.key_store, owners, strict=False):
        made += _drafts(store, f"{owner.path}.", OF_STORE, {}, owner, document)
    # Regions and resolvers belong to no store; they get its label if there is only one.
    others = Owner(id=owners[0].id if len(owners) == 1 else "")
    made += _drafts(document, "", [r for r in ROLES if r not in OF_STORE], positions, others, document)
    return tuple(made)


def _drafts(
    section: BaseModel,
    prefix: str,
    roles: Iterable[Role],
    positions: Mapping[str, Sequence[int]],
    owner: Owner,
    document: schema.Document,
) -> Iterator[Draft]:
    for role in roles:
        key = ROLES[role].section
        entries = getattr(section, key)
        if isinstance(entries, list):
            numbers = positions.get(key, range(len(entries)))
            found = [(f"{prefix}{key}[{n}]", entry) for n, entry in zip(numbers, entries, strict=True)]
        else:
            found = [(f"{prefix}{key}", entries)] if entries and (entries.address or entries.host) else []
        for path, entry in found:
            yield Draft(path=path, entry=entry, target=_target(entry, role, owner, document), owner=owner)


def _target(entry: schema.Entry, role: Role, owner: Owner, document: schema.Document) -> Target:
    host = _host(entry)
    return Target(
        name=_name(entry),
        role=role,
        host=host,
        port=entry.port,
        server_name=_server_name(role, host, owner),
        question=_question(entry),
        zone=getattr(entry, "zone", None) or "",
        region=entry.region if isinstance(entry, schema.Region) else "",
        key_store=owner.id,
        plans=tuple(_plan(check, entry, document) for check in _checks(entry, role, owner)),
    )


def _checks(entry: schema.Entry, role: Role, owner: Owner) -> Iterable[Check]:
    """The checks of the entry, else of its role; without health if health requests are not possible."""
    if entry.checks is not None:
        return entry.checks
    return [check for check in ROLES[role].checks if check is not Check.HEALTH_COLD or owner.asks_health]


def _name(entry: schema.Entry) -> str:
    if isinstance(entry, schema.Region):
        return entry.name or f"region-{entry.region}"
    return entry.name


def _host(entry: schema.Entry) -> str:
    match entry:
        case schema.Proxy():
            return entry.address or entry.host or ""
        case schema.Region():
            return entry.host or locations.kms_host(entry.region)
        case schema.ByHost():
            return entry.host
        case schema.ByAddress():
            return entry.address


def _server_name(role: Role, host: str, owner: Owner) -> str | None:
    """The SNI; KMS uses the private DNS name for proxy, nodes and backends, whatever their addresses are."""
    if ROLES[role].is_on_path:
        return owner.proxy.private_dns_name if owner.proxy else None
    return host if ROLES[role].speaks_tls and not is_ipv4(host) else None


def _question(entry: schema.Entry) -> Question | None:
    if not isinstance(entry, schema.Resolver):
        return None
    return Question(name=entry.question.name, record_type=entry.question.type)


def plans_by_role(document: schema.Document, *, asks_health: bool) -> dict[Role, tuple[PlannedCheck, ...]]:
    """The planned checks of discovered targets, which have no entry in the file."""
    owner = Owner(asks_health=asks_health)
    nothing = schema.Node(name="x", address="192.0.2.1")
    return {
        role: tuple(_plan(check, nothing, document) for check in _checks(nothing, role, owner))
        for role in ROLES
    }


def _plan(check: Check, entry: schema.Entry, document: schema.Document) -> PlannedCheck:
    """Intervals and timeouts are the entry's, else the file's, else the default (0 is invalid in all)."""
    kind = CHECKS[check]
    own, common = entry.intervals, document.intervals
    interval_s = getattr(own, kind.key) or getattr(common, kind.key) or kind.interval_s
    own, common = entry.timeouts, document.timeouts
    timeout_s = getattr(own, kind.key) or getattr(common, kind.key) or kind.timeout_s
    return PlannedCheck(check=check, interval_s=interval_s, timeout_s=timeout_s)
