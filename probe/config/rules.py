"""Rules that span several keys (pure): each yields lines "path: what is wrong; what to do"."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from probe.config import schema
from probe.config.footprint import MAX_CONNECTIONS_PER_S, MAX_ECHOES_PER_S, rates
from probe.config.targets import Draft
from probe.model.kinds import CHECKS, OF_STORE, ROLES
from probe.model.targets import Check, Identity
from probe.model.text import clean
from probe.survey import locations
from probe.wire.duration import format_duration

# 35 ms is decided by 20 round trips or more of the last ten minutes: one in 30 s at least.
MAX_JUDGED_TCP_INTERVAL_S = 30.0


def broken(drafts: Sequence[Draft], document: schema.Document, paths: Sequence[str]) -> list[str]:
    """Every rule that is broken, each said once. ``paths`` are where the key stores stand."""
    stores = [*zip(paths, document.key_store, strict=False)]
    found = [
        *_stores(document, paths),
        *_proxy("proxy", document.proxy),
        *(line for path, each in stores for line in _proxy(f"{path}.proxy", each.proxy)),
        *_things_twice(drafts),
        *(line for draft in drafts for line in _region(draft)),
        *(line for draft in drafts for line in _checks(draft)),
        *(line for draft in drafts for line in _times(draft)),
        *_rates(drafts),
    ]
    return list(dict.fromkeys(found))


def names_twice(raw: Mapping[str, Any]) -> Iterator[str]:
    """Names that occur again, over all sections. Of the raw file, so that other mistakes hide none."""
    first: dict[str, str] = {}
    for path, name in _names(raw):
        if name in first:
            yield f"{path}: '{clean(name, 64)}' is the name at {first[name]} already; choose another"
        else:
            first[name] = path


def _names(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _names_below("", raw)
    stores = raw.get("key_store")
    if isinstance(stores, dict):
        yield from _names_below("key_store.", stores)
    for number, store in enumerate(stores if isinstance(stores, list) else ()):
        if isinstance(store, dict):
            yield from _names_below(f"key_store[{number}].", store)


def _names_below(prefix: str, raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in ROLES.values():
        entries, section = raw.get(kind.section), f"{prefix}{kind.section}"
        if isinstance(entries, dict) and (entries.get("address") or entries.get("host")):
            where = f"{section}.name" if "name" in entries else section
            yield where, str(entries.get("name", kind.section))
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            yield from _name(f"{section}[{number}]", entry)


def _name(path: str, entry: object) -> Iterator[tuple[str, str]]:
    """Its own name; that of a Region without one is made of it."""
    if isinstance(entry, str):
        yield path, f"region-{entry}"
    elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
        yield f"{path}.name", entry["name"]
    elif isinstance(entry, dict) and isinstance(entry.get("region"), str):
        yield path, f"region-{entry['region']}"


def _stores(document: schema.Document, paths: Sequence[str]) -> Iterator[str]:
    """Of several key stores each has its own targets, and its own name."""
    first: dict[str, str] = {}
    for path, store in zip(paths, document.key_store, strict=False):
        known = first.setdefault(store.id, path)
        if known != path:
            yield f"{path}.id: '{store.id}' is that of {known} already; choose another"
    for role in OF_STORE if len(document.key_store) > 1 else ():
        section = ROLES[role].section
        if getattr(document, section):
            yield f"{section}: there are several key stores; write it below the one that it belongs to"


def _proxy(path: str, proxy: schema.Proxy | None) -> Iterator[str]:
    if proxy is not None and proxy.address and proxy.host:
        yield f"{path}: has an address and a host; keep one of them"


def _things_twice(drafts: Sequence[Draft]) -> Iterator[str]:
    """The same thing under two names would be one target."""
    first: dict[Identity, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.target.identity, draft)
        if known.target.name != draft.target.name:  # else `names_twice` says it
            yield f"{draft.path}: is the same as {known.path}; keep one of them"


def _region(draft: Draft) -> Iterator[str]:
    entry = draft.entry
    if isinstance(entry, schema.Region) and entry.host is None and not locations.is_known(entry.region):
        yield f"{draft.path}: {entry.region!r} is not a Region; {locations.suggestion(entry.region)}"


def _checks(draft: Draft) -> Iterator[str]:
    role, path = draft.target.role, draft.path
    checks = [CHECKS[plan.check].key for plan in draft.target.plans]
    possible = [CHECKS[check].key for check in ROLES[role].possible]
    if not checks:
        yield f"{path}.checks: is empty; name a check, or delete the entry"
    if len(set(checks)) < len(checks):
        yield f"{path}.checks: names a check twice; keep one"
    for check in dict.fromkeys(checks):
        if check not in possible:
            yield f"{path}.checks: {check} is nothing for a {role}; write some of {', '.join(possible)}"
    if draft.target.plan(Check.HEALTH_COLD) and not draft.owner.asks_health:
        yield f"{path}.checks: health needs the uri_path and the credential of its key_store; say them there"
    for kind in ("intervals", "timeouts"):
        for name in sorted(getattr(draft.entry, kind).model_fields_set - set(checks)):
            yield f"{path}.{kind}.{name}: {name} is not among its checks; add it there, or delete this"


def _times(draft: Draft) -> Iterator[str]:
    for plan in draft.target.plans:
        where, interval = draft.where("intervals", plan.check), format_duration(plan.interval_s)
        # Echoes may overlap: one is not waited for before the next is sent.
        if plan.check is not Check.ICMP and plan.interval_s < plan.timeout_s:
            limit, timeout = draft.where("timeouts", plan.check), format_duration(plan.timeout_s)
            yield f"{where}: {interval} is below {limit}, {timeout}; make it {timeout} or more"
        is_judged = plan.check is Check.TCP and ROLES[draft.target.role].needs_round_trip
        if is_judged and plan.interval_s > MAX_JUDGED_TCP_INTERVAL_S:
            yield (
                f"{where}: {interval} gives too few round trips in 10 minutes for a verdict on 35 ms; "
                f"make it {format_duration(MAX_JUDGED_TCP_INTERVAL_S)} or less"
            )


def _rates(drafts: Sequence[Draft]) -> Iterator[str]:
    echoes_per_s, connections_per_s = rates([draft.target for draft in drafts])
    if echoes_per_s > MAX_ECHOES_PER_S:
        yield (
            f"intervals.icmp: {echoes_per_s:,.0f} echoes a second in sum, at most {MAX_ECHOES_PER_S:,.0f}; "
            "make intervals longer, or probe fewer targets"
        )
    if connections_per_s > MAX_CONNECTIONS_PER_S:
        yield (
            f"intervals: {connections_per_s:,.1f} connections and queries a second in sum, at most "
            f"{MAX_CONNECTIONS_PER_S:,.0f}; make intervals other than icmp longer, or probe fewer targets"
        )
