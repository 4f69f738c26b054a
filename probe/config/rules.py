"""Constraints between keys of the configuration (pure); errors are "path: what is wrong; what to do"."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from probe.config import schema
from probe.config.footprint import MAX_CONNECTIONS_PER_S, MAX_ECHOES_PER_S, rates
from probe.config.targets import Draft
from probe.model.kinds import CHECKS, OF_STORE, ROLES
from probe.model.settings import RefreshTimes
from probe.model.targets import Check, Identity
from probe.model.text import clean
from probe.survey import locations
from probe.wire.duration import format_duration

# A verdict on 35 ms needs at least 20 round trips within ten minutes: one every 30 s.
MAX_JUDGED_TCP_INTERVAL_S = 30.0


def broken(drafts: Sequence[Draft], document: schema.Document, paths: Sequence[str]) -> list[str]:
    """All errors, without duplicates. ``paths`` are the YAML paths of the key stores."""
    stores = [*zip(paths, document.key_store, strict=False)]
    found = [
        *_stores(document, paths),
        *_proxy("proxy", document.proxy),
        *(line for path, each in stores for line in _proxy(f"{path}.proxy", each.proxy)),
        *_same_targets(drafts),
        *(line for draft in drafts for line in _region(draft)),
        *(line for draft in drafts for line in _checks(draft)),
        *(line for draft in drafts for line in _times(draft)),
        *_refreshed(document),
        *_rates(drafts),
    ]
    return list(dict.fromkeys(found))


def names_twice(raw: Mapping[str, Any]) -> Iterator[str]:
    """Duplicate names across all sections. Reads the raw file, so that other errors do not hide any."""
    first: dict[str, str] = {}
    for path, name in _names(raw):
        if name in first:
            yield f"{path}: duplicate name '{clean(name, 64)}', already used at {first[name]}; choose another"
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
    """The name of an entry; for a Region without a name, its default name."""
    if isinstance(entry, str):
        yield path, f"region-{entry}"
    elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
        yield f"{path}.name", entry["name"]
    elif isinstance(entry, dict) and isinstance(entry.get("region"), str):
        yield path, f"region-{entry['region']}"


def _stores(document: schema.Document, paths: Sequence[str]) -> Iterator[str]:
    """Several key stores need different ids, and each must have its own targets."""
    first: dict[str, str] = {}
    for path, store in zip(paths, document.key_store, strict=False):
        known = first.setdefault(store.id or "", path)
        if known != path and store.id:
            yield f"{path}.id: duplicate id '{store.id}', already used at {known}; choose another"
    for role in OF_STORE if len(document.key_store) > 1 else ():
        section = ROLES[role].section
        if getattr(document, section):
            yield f"{section}: there are several key stores; move this section into the one it belongs to"


def _proxy(path: str, proxy: schema.Proxy | None) -> Iterator[str]:
    if proxy is not None and proxy.address and proxy.host:
        yield f"{path}: has both address and host; keep one of them"


def _same_targets(drafts: Sequence[Draft]) -> Iterator[str]:
    """Two entries for the same target would share one history."""
    first: dict[Identity, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.target.identity, draft)
        if known.target.name != draft.target.name:  # equal names are reported by `names_twice`
            yield f"{draft.path}: is the same target as {known.path}; keep one of them"


def _region(draft: Draft) -> Iterator[str]:
    entry = draft.entry
    if isinstance(entry, schema.Region) and entry.host is None and not locations.is_known(entry.region):
        yield f"{draft.path}: {entry.region!r} is not a Region; {locations.suggestion(entry.region)}"


def _checks(draft: Draft) -> Iterator[str]:
    role, path = draft.target.role, draft.path
    checks = [CHECKS[plan.check].key for plan in draft.target.plans]
    possible = [CHECKS[check].key for check in ROLES[role].possible]
    if not checks:
        yield f"{path}.checks: is empty; add a check, or delete this target"
    if len(set(checks)) < len(checks):
        yield f"{path}.checks: lists a check twice; keep one"
    for check in dict.fromkeys(checks):
        if check not in possible:
            yield f"{path}.checks: {check} is not possible for a {role}; choose from {', '.join(possible)}"
    if draft.target.plan(Check.HEALTH_COLD) and not draft.owner.asks_health:
        yield f"{path}.checks: health needs uri_path and credential of the key_store; add them there"
    for kind in ("intervals", "timeouts"):
        for name in sorted(getattr(draft.entry, kind).model_fields_set - set(checks)):
            yield f"{path}.{kind}.{name}: {name} is not in its checks; add it to checks, or delete this key"


def _times(draft: Draft) -> Iterator[str]:
    for plan in draft.target.plans:
        where, interval = draft.where("intervals", plan.check), format_duration(plan.interval_s)
        # Pings may overlap: the next one is sent without waiting for the reply to the previous one.
        if plan.check is not Check.ICMP and plan.interval_s < plan.timeout_s:
            limit, timeout = draft.where("timeouts", plan.check), format_duration(plan.timeout_s)
            yield f"{where}: {interval} is shorter than {limit} ({timeout}); use {timeout} or more"
        is_judged = plan.check is Check.TCP and ROLES[draft.target.role].needs_round_trip
        if is_judged and plan.interval_s > MAX_JUDGED_TCP_INTERVAL_S:
            yield (
                f"{where}: {interval} gives too few round trips in 10 minutes for a verdict on 35 ms; "
                f"use {format_duration(MAX_JUDGED_TCP_INTERVAL_S)} or less"
            )


def _refreshed(document: schema.Document) -> Iterator[str]:
    """One reading of the facts ends before the next one starts."""
    default = RefreshTimes()
    for key in schema.REFRESHED:
        interval_s = getattr(document.intervals, key) or getattr(default, f"{key}_interval_s")
        timeout_s = getattr(document.timeouts, key) or getattr(default, f"{key}_timeout_s")
        if interval_s < timeout_s:
            interval, timeout = format_duration(interval_s), format_duration(timeout_s)
            where = f"intervals.{key}: {interval} is shorter than timeouts.{key} ({timeout})"
            yield f"{where}; use {timeout} or more"


def _rates(drafts: Sequence[Draft]) -> Iterator[str]:
    echoes_per_s, connections_per_s = rates([draft.target for draft in drafts])
    if echoes_per_s > MAX_ECHOES_PER_S:
        yield (
            f"intervals.icmp: {echoes_per_s:,.0f} pings per second in total, but the maximum is "
            f"{MAX_ECHOES_PER_S:,.0f}; use longer intervals, or fewer targets"
        )
    if connections_per_s > MAX_CONNECTIONS_PER_S:
        yield (
            f"intervals: {connections_per_s:,.1f} connections and DNS queries per second in total, but the "
            f"maximum is {MAX_CONNECTIONS_PER_S:,.0f}; use longer intervals (except icmp), or fewer targets"
        )
