"""Rules that span several keys (pure): each yields lines "path: what is wrong; what to do"."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from probe.config import schema
from probe.config.footprint import MAX_CONNECTIONS_PER_S, MAX_ECHOES_PER_S, rates
from probe.config.targets import Draft
from probe.model.targets import Check, Role
from probe.model.text import clean
from probe.survey import places
from probe.wire.duration import format_duration

_SECTIONS = ("nodes", "backends", "key_managers", "regions", "resolvers")
# 35 ms is decided by 20 round trips or more of the last ten minutes: one in 30 s at least.
MAX_JUDGED_TCP_INTERVAL_S = 30.0
_JUDGED_ROLES = (Role.PROXY, Role.NODE, Role.KEY_MANAGER, Role.REGION)
_POSSIBLE_CHECKS = {
    role: (Check.ICMP, Check.DNS) if role is Role.RESOLVER else (Check.ICMP, Check.TCP, Check.TLS)
    for role in Role
}


def broken(drafts: Sequence[Draft], document: schema.Document) -> list[str]:
    """Every rule that is broken, each said once."""
    found = [
        *_proxy(document.proxy),
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
    proxy = raw.get("proxy")
    if isinstance(proxy, dict) and (proxy.get("address") or proxy.get("host")):
        yield "proxy.name" if "name" in proxy else "proxy", str(proxy.get("name", "proxy"))
    for section in _SECTIONS:
        entries = raw.get(section)
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            path = f"{section}[{number}]"
            if isinstance(entry, str) and section == "regions":
                yield path, f"region-{entry}"
            elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
                yield f"{path}.name", entry["name"]
            elif isinstance(entry, dict) and section == "regions" and isinstance(entry.get("region"), str):
                yield path, f"region-{entry['region']}"


def _proxy(proxy: schema.Proxy | None) -> Iterator[str]:
    if proxy is not None and proxy.address and proxy.host:
        yield "proxy: has an address and a host; keep one of them"


def _region(draft: Draft) -> Iterator[str]:
    entry = draft.entry
    if isinstance(entry, schema.Region) and entry.host is None and not places.is_known(entry.region):
        yield f"{draft.path}: {entry.region!r} is not a Region; {places.suggestion(entry.region)}"


def _checks(draft: Draft) -> Iterator[str]:
    checks, role = [plan.check for plan in draft.target.plans], draft.target.role
    possible = _POSSIBLE_CHECKS[role]
    if not checks:
        yield f"{draft.path}.checks: is empty; name a check, or delete the entry"
    if len(set(checks)) < len(checks):
        yield f"{draft.path}.checks: names a check twice; keep one"
    for check in dict.fromkeys(checks):
        if check not in possible:
            yield f"{draft.path}.checks: {check} is nothing for a {role}; write some of {', '.join(possible)}"
    for kind in ("intervals", "timeouts"):
        for name in sorted(getattr(draft.entry, kind).model_fields_set - set(checks)):
            yield f"{draft.path}.{kind}.{name}: {name} is not among its checks; add it there, or delete this"


def _times(draft: Draft) -> Iterator[str]:
    for plan in draft.target.plans:
        where, interval = draft.where("intervals", plan.check), format_duration(plan.interval_s)
        # Echoes may overlap: one is not waited for before the next is sent.
        if plan.check is not Check.ICMP and plan.interval_s < plan.timeout_s:
            limit, timeout = draft.where("timeouts", plan.check), format_duration(plan.timeout_s)
            yield f"{where}: {interval} is below {limit}, {timeout}; make it {timeout} or more"
        is_judged = plan.check is Check.TCP and draft.target.role in _JUDGED_ROLES
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
            f"{MAX_CONNECTIONS_PER_S:,.0f}; make intervals of tcp, tls and dns longer, or probe fewer targets"
        )
