"""The path from KMS to the key manager, one row per target: texts and flags for the template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporters.checks import ROUND_TRIPS
from exporters.web.formatting import NONE, milliseconds, minute, percent, span, utc
from exporters.web.health import Health, health
from exporters.web.snapshot import Attempt, Snapshot, TargetState
from exporters.web.sparkline import Sparkline, sparkline
from probe.model.kinds import CHECKS, GRAVEST_FIRST, OF_STORE, ON_PAGE, ROLES
from probe.model.measurements import Phase, TlsDetails
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import Check, Method

SHOWN_TARGETS = 100  # per role; the rest is in the metrics
# The checks that send a query and measure only the time to the response (DNS).
_QUERIES = tuple(
    check
    for check in GRAVEST_FIRST
    if Phase.WAIT in CHECKS[check].phases
    and Phase.CONNECT not in CHECKS[check].phases
    and not CHECKS[check].mode
)
SOON_S = 10 * 86400.0  # a certificate that expires within ten days is marked (AWS's alarm threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """The cell of one method. Numbers are texts in milliseconds; ``over``: the median is above 35 ms."""

    method: str
    last: str
    median: str
    p95: str
    loss: str
    losing: bool
    over: bool
    window: str
    stamps: str
    spark: Sparkline


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """``kind`` is good, risk, bad or undecided."""

    kind: str
    protocol: str
    common_name: str
    expiry: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``failures`` describe current failures; ``past`` describes the last one if nothing fails now.

    ``since`` is when the state of a check changed last.
    """

    name: str
    where: str
    kind: str
    state: str
    since: str
    failures: tuple[str, ...]
    past: str
    round_trips: Mapping[str, RoundTrips | None]
    tls: Tls | None
    health: Health | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One role. ``methods``, ``tls`` and ``health`` are its columns; ``more`` targets are not shown."""

    title: str
    methods: tuple[str, ...]
    tls: bool
    health: bool
    rows: tuple[Row, ...]
    more: int


def sections(snapshot: Snapshot) -> tuple[Section, ...]:
    """Roles with targets, in path order. If there are too many targets, failing ones are shown first."""
    found = []
    stores = {state.target.key_store for state in snapshot.targets if state.target.role in OF_STORE}
    for role in ON_PAGE:
        states = [state for state in snapshot.targets if state.target.role is role]
        if len(states) > SHOWN_TARGETS:
            states.sort(key=lambda state: not state.current_failures)
        rows = tuple(
            _row(state, snapshot.now_s, of_several=len(stores) > 1) for state in states[:SHOWN_TARGETS]
        )
        if rows:
            found.append(_section(ROLES[role].title, rows, len(states) - len(rows)))
    return tuple(found)


def _section(title: str, rows: tuple[Row, ...], more: int) -> Section:
    methods = tuple(
        method.value for method in ROUND_TRIPS if any(row.round_trips[method.value] for row in rows)
    )
    return Section(
        title=title,
        methods=methods,
        tls=any(row.tls for row in rows),
        health=any(row.health for row in rows),
        rows=rows,
        more=more,
    )


def _row(state: TargetState, now_s: float, *, of_several: bool) -> Row:
    kind, words = _state(state)
    cells = {method.value: _round_trips(state, method, check) for method, check in ROUND_TRIPS.items()}
    return Row(
        name=state.target.name,
        where=_where(state, of_several=of_several),
        kind=kind,
        state=words,
        since="" if state.since_s is None else f"since {minute(state.since_s)}",
        failures=tuple(failure_words(attempt) for attempt in state.current_failures),
        past=_past(state, now_s),
        round_trips=cells,
        tls=_tls(state, now_s),
        health=health(state),
    )


def _where(state: TargetState, *, of_several: bool) -> str:
    target = state.target
    host = f"{target.host}:{target.port}" if ROLES[target.role].speaks_tls else target.host
    resolved = state.address if state.address and state.address != target.host else ""
    key_store = target.key_store if of_several else ""
    return " · ".join(part for part in (host, resolved, target.zone or target.region, key_store) if part)


def _state(state: TargetState) -> tuple[str, str]:
    failing, attempted = len(state.current_failures), len(state.current_attempts)
    if not attempted:
        return "undecided", "not measured yet"
    if failing == attempted:
        return "bad", "not responding"
    return ("risk", "partly failing") if failing else ("good", _responding(state))


def _responding(state: TargetState) -> str:
    queries = (state.attempts.get(check) for check in _QUERIES)
    wait_s = next((query.wait_s for query in queries if query), None)
    return "responding" if wait_s is None else f"responding in {milliseconds(wait_s)} ms"


def failure_words(attempt: Attempt) -> str:
    """The check, phase and reason of a failure.

    The detail may contain untrusted text; the template cleans it.
    """
    failure = attempt.failure
    if failure is None:
        return ""
    detail = f" ({failure.detail})" if failure.detail else ""
    return f"{attempt.check.replace('_', ' ')}: {failure.phase} {failure.reason.replace('_', ' ')}{detail}"


def _past(state: TargetState, now_s: float) -> str:
    last = state.last_failure
    if last is None or state.current_failures:
        return ""
    return f"{span(now_s - last.at_s)} ago {failure_words(last)}"


def _round_trips(state: TargetState, method: Method, check: Check) -> RoundTrips | None:
    if state.target.plan(check) is None:
        return None
    attempt, window = state.attempts.get(check), state.windows.get(method)
    summary = window.summary if window else None
    loss = summary.loss_ratio if summary else None
    return RoundTrips(
        method=method.value,
        last=_last(attempt),
        median=milliseconds(summary.median_s if summary else None),
        p95=milliseconds(summary.p95_s if summary else None),
        loss=percent(loss),
        losing=bool(loss),
        over=bool(summary and summary.median_s is not None and summary.median_s > RTT_THRESHOLD_S),
        window=f"{summary.samples} samples in {span(window.span_s)}" if window and summary else "",
        stamps=attempt.timestamps.value if attempt and attempt.timestamps else "",
        spark=sparkline(state.series.get(method, ())),
    )


def _last(attempt: Attempt | None) -> str:
    if attempt is None:
        return NONE
    return "lost" if attempt.failure is not None else milliseconds(attempt.rtt_s)


def _tls(state: TargetState, now_s: float) -> Tls | None:
    if state.target.plan(Check.TLS) is None:
        return None
    details = state.tls.details if state.tls else None
    if not isinstance(details, TlsDetails):
        failed = state.tls is not None
        return Tls(
            kind="bad" if failed else "undecided",
            protocol="no handshake" if failed else "not measured yet",
            common_name="",
            expiry="",
        )
    leaf = details.chain[0] if details.chain else None
    kind, expiry = _expiry(leaf.not_after_s if leaf else None, now_s)
    return Tls(
        kind=kind if details.kms_handshake_succeeded else "bad",
        protocol=" ".join(filter(None, (details.version, details.cipher))) or "no version agreed",
        common_name=_common_name(leaf.subject_common_names) if leaf else "no certificate received",
        expiry=expiry,
        note="" if details.kms_handshake_succeeded else "a handshake with KMS's parameters fails",
    )


def _common_name(names: Sequence[str]) -> str:
    return f"CN {names[-1]}" if names else "no CN"


def _expiry(not_after_s: float | None, now_s: float) -> tuple[str, str]:
    if not_after_s is None:
        return "undecided", ""
    left_s = not_after_s - now_s
    if left_s < 0:
        return "bad", f"expired {span(-left_s)} ago ({utc(not_after_s)[:10]})"
    return ("risk" if left_s < SOON_S else "good"), f"{span(left_s)} left ({utc(not_after_s)[:10]})"
