"""Which Region: plan (pure), take (measures), rank (pure).

Round trips are TCP's to each Region's KMS endpoint, in interleaved rounds, so that a bad minute of the path
hits all candidates alike; one round before them warms up caches of names and routes and counts for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from probe import regions
from probe.model.measurements import Failure, Measurement
from probe.model.statistics import Summary
from probe.model.survey import RTT_LIMIT_S, RegionRtt, Survey
from probe.model.targets import Check, Method, Plan, Role, Target
from probe.model.text import clean
from probe.model.verdicts import Evidence
from probe.statistics import MIN_SAMPLES_TO_DECIDE, summarize, within
from probe.wire.hostport import parse_host_port
from probe.wire.input_error import InputError

PORT = 443
MAX_REGIONS = 1000
MAX_ROUNDS_UNTIL_DECIDED = 200
UNREACHABLE_AFTER = 5  # attempts without any answer; --until-decided waits no longer for that Region
# A probe keeps its own deadline; one that is still running so long after it is a bug of ours.
GRACE_S = 5.0
_IMPOSSIBLE = "not ranked: answered faster than light in fibre gets there"

MeasureOne = Callable[[Target], Awaitable[Measurement]]
Publish = Callable[[Measurement], None]
Coordinates = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How a survey is taken. ``count`` rounds; with ``until_decided`` at least so many, and up to 200."""

    count: int = 20
    interval_s: float = 1.0
    timeout_s: float = 2.0
    threshold_s: float = RTT_LIMIT_S
    until_decided: bool = False


def endpoints(names: Sequence[str] | None = None) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port of its KMS endpoint, from botocore's data; of all AWS Regions if none is named.

    Raises InputError with every name that is no Region, or has no external key stores.
    """
    resolver = _resolver()
    known = {
        region for part in resolver.get_available_partitions()
        for region in resolver.get_available_endpoints("kms", part)
    }  # fmt: skip
    wanted = list(dict.fromkeys(names or sorted(resolver.get_available_endpoints("kms", "aws"))))
    errors = [fault for name in wanted if (fault := _region_fault(name, known))]
    if errors:
        raise InputError(tuple(errors))
    return {name: (str(resolver.construct_endpoint("kms", name)["hostname"]), PORT) for name in wanted}


def _resolver() -> Any:
    """From botocore's files alone: a session would read the user's profiles, and fail on a bad one."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def _region_fault(name: str, known: set[str]) -> str | None:
    if name in regions.WITHOUT_EXTERNAL_KEY_STORES:
        return f"{name}: has no external key stores; leave it out"
    if name not in known:
        return f"'{clean(name, 64)}': is not a Region; {regions.suggestion(name)}"
    return None


def load_endpoints(path: Path) -> Mapping[str, tuple[str, int]]:
    """Region -> host and port, from YAML ``Region: host[:port]``. Raises InputError with all mistakes."""
    from probe import document

    source = clean(str(path))
    content = document.parse(document.read_file(path), source)
    errors = (
        [f"{source}: has more than {MAX_REGIONS} Regions; split it"] if len(content) > MAX_REGIONS else []
    )
    if not content:
        errors.append(f"{source}: names no Region; write lines of the form `eu-central-1: host[:port]`")
    found: dict[str, tuple[str, int]] = {}
    for region, value in content.items():
        try:
            found[region] = _endpoint(region, value)
        except InputError as error:
            errors += [f"{document.path_text((region,))}: {line}" for line in error.errors]
    if errors:
        raise InputError(tuple(errors))
    return found


def _endpoint(region: str, value: object) -> tuple[str, int]:
    # A Region that came out yesterday is in no list of ours, so only what cannot be one is refused.
    if not (region.isascii() and region.replace("-", "").isalnum() and len(region) <= 64):  # noqa: PLR2004 - as names in the configuration
        raise InputError(("is not a Region's name; write one such as eu-central-1",))
    if not isinstance(value, str):
        raise InputError((f"'{clean(str(value), 64)}' is not text; write host or host:port",))
    return parse_host_port(value, PORT)


def plan(
    endpoints: Mapping[str, tuple[str, int]], *, interval_s: float = 1.0, timeout_s: float = 2.0
) -> tuple[Target, ...]:
    """One target for each Region: ``region-eu-central-1``, probed by TCP."""
    plans = (Plan(check=Check.TCP, interval_s=interval_s, timeout_s=timeout_s),)
    return tuple(
        Target(name=f"region-{region}", role=Role.REGION, host=host, port=port, region=region, plans=plans)
        for region, (host, port) in endpoints.items()
    )


async def take(targets: Sequence[Target], measure: MeasureOne, taking: Taking, publish: Publish) -> None:
    """Measure every target ``taking.count`` times, after one round that is not published.

    Each target has its turns ``interval_s`` apart, all of them spread evenly over the interval; a probe that
    takes longer delays its own Region's next one alone. What was measured until a cancellation is published.
    """
    loop = asyncio.get_running_loop()
    epoch_s = loop.time()
    async with asyncio.TaskGroup() as group:
        for position, target in enumerate(targets):
            start_s = epoch_s + taking.interval_s * position / len(targets)
            group.create_task(_take_one(target, start_s, measure, taking, publish), name=target.name)


async def _take_one(
    target: Target, start_s: float, measure: MeasureOne, taking: Taking, publish: Publish
) -> None:
    loop = asyncio.get_running_loop()
    rtts_s: list[float | None] = []
    turn_s = start_s
    for number in range(1 + max(taking.count, MAX_ROUNDS_UNTIL_DECIDED if taking.until_decided else 0)):
        await asyncio.sleep(max(0.0, turn_s - loop.time()))
        async with asyncio.timeout(taking.timeout_s + GRACE_S):
            measurement = await measure(target)
        turn_s = max(turn_s + taking.interval_s, loop.time())
        if number == 0:
            continue
        publish(measurement)
        rtts_s.append(measurement.rtt_s)
        if taking.until_decided and _is_settled(rtts_s, taking):
            return


def _is_settled(rtts_s: Sequence[float | None], taking: Taking) -> bool:
    """Whether it is decided, looked at when the rounds have doubled.

    A look after each round would find some 95 % interval clear of any threshold sooner or later.
    """
    if len(rtts_s) >= UNREACHABLE_AFTER and not any(rtt is not None for rtt in rtts_s):
        return True
    rounds, left = divmod(len(rtts_s), taking.count)
    is_look = left == 0 and rounds.bit_count() == 1
    return is_look and within(summarize(rtts_s), taking.threshold_s) is not None


def rank(
    targets: Sequence[Target],
    samples: Mapping[str, Sequence[Measurement]],
    threshold_s: float,
    taken_at_s: float,
    vantage: str,
    complete: bool,
    *,
    coordinates: Coordinates | None = None,
) -> Survey:
    """``samples``: a target's name -> its measurements in order. ``coordinates``: the vantage's, in degrees.

    With ``coordinates``, a Region that answers faster than light gets there is not ranked, and noted.
    """
    found = [_region(target, samples.get(target.name, ()), threshold_s) for target in targets]
    return _survey(found, threshold_s, taken_at_s, vantage, complete=complete, coordinates=coordinates)


def from_windows(
    evidence: Evidence, *, threshold_s: float, vantage: str, coordinates: Coordinates | None = None
) -> Survey:
    """The survey that a running agent has all the time: from the TCP windows of its Regions."""
    windows = {w.target: w.summary for w in evidence.windows if w.method == Method.TCP.value}
    latest = {m.target.name: m for m in evidence.latest if m.check is Check.TCP}
    found = [
        _judged(target, windows.get(target.name, Summary()), latest.get(target.name), threshold_s)
        for target in evidence.targets
        if target.role is Role.REGION
    ]
    return _survey(found, threshold_s, evidence.taken_at_s, vantage, complete=True, coordinates=coordinates)


def _region(target: Target, samples: Sequence[Measurement], threshold_s: float) -> RegionRtt:
    """The last measurement says the address, and if nothing was answered, why."""
    summary = summarize([sample.rtt_s for sample in samples])
    return _judged(target, summary, samples[-1] if samples else None, threshold_s)


def _judged(target: Target, summary: Summary, last: Measurement | None, threshold_s: float) -> RegionRtt:
    place = regions.places().get(target.region)
    failure = last.failure if last is not None and not summary.samples else None
    return RegionRtt(
        region=target.region,
        place=place.name if place else "",
        host=target.host,
        address=last.address if last else None,
        summary=summary,
        within_threshold=within(summary, threshold_s),
        reason=_reason(summary, failure, threshold_s),
        failure=failure,
    )


def _reason(summary: Summary, failure: Failure | None, threshold_s: float) -> str | None:
    """Why ``within_threshold`` is None; None when it is not."""
    if failure is not None:
        return f"unreachable: {failure.phase} {failure.reason}, no answer in {summary.lost} attempts"
    if not summary.samples:
        return "not measured yet"
    if summary.samples < MIN_SAMPLES_TO_DECIDE or summary.median_ci95_s is None:
        return f"undecided: {summary.samples} round trips, {MIN_SAMPLES_TO_DECIDE} are needed"
    if within(summary, threshold_s) is None:
        low, high, limit = (f"{value * 1e3:.6g}" for value in (*summary.median_ci95_s, threshold_s))
        return f"undecided: the median's 95 % interval, {low} to {high} ms, holds the limit {limit} ms"
    return None


def _survey(
    found: Sequence[RegionRtt],
    threshold_s: float,
    taken_at_s: float,
    vantage: str,
    *,
    complete: bool,
    coordinates: Coordinates | None,
) -> Survey:
    judged, notes = _without_impossible(found, coordinates)
    ordered = sorted(judged, key=_order)
    best = next((region for region in ordered if _is_ranked(region)), None)
    ranked = tuple(
        replace(region, rank=number, tied_with_best=_is_tied(region, best))
        if best is not None and _is_ranked(region)
        else region
        for number, region in enumerate(ordered, start=1)
    )
    return Survey(
        taken_at_s=taken_at_s,
        vantage=vantage,
        threshold_s=threshold_s,
        regions=ranked,
        recommended=next((region.region for region in ranked if region.within_threshold), None),
        notes=notes,
        complete=complete,
    )


def _without_impossible(
    found: Sequence[RegionRtt], coordinates: Coordinates | None
) -> tuple[list[RegionRtt], tuple[str, ...]]:
    """Something nearer answers for such a Region: a proxy, an accelerator, an interface endpoint."""
    judged, notes = [], []
    for region in found:
        least_s = regions.least_rtt_s(region.region, coordinates) if coordinates is not None else None
        least_seen_s = region.summary.min_s
        if least_s is None or least_seen_s is None or least_seen_s >= least_s:
            judged.append(region)
            continue
        judged.append(replace(region, within_threshold=None, reason=_IMPOSSIBLE))
        notes.append(
            f"{region.region}: {least_seen_s * 1e3:.1f} ms is less than the {least_s * 1e3:.1f} ms "
            "light needs in fibre; something nearer answers in its place"
        )
    return judged, tuple(notes)


def _is_ranked(region: RegionRtt) -> bool:
    return region.summary.median_s is not None and region.reason != _IMPOSSIBLE


def _order(region: RegionRtt) -> tuple[bool, bool, float, str]:
    """Ranked ones by their medians, then those not believed, then the unreachable; names settle the rest."""
    median_s = region.summary.median_s
    return (median_s is None, not _is_ranked(region), median_s or 0.0, region.region)


def _is_tied(region: RegionRtt, best: RegionRtt | None) -> bool:
    """The intervals of the two medians overlap; the best is not tied with itself."""
    if best is None or region is best:
        return False
    ours, theirs = region.summary.median_ci95_s, best.summary.median_ci95_s
    return ours is not None and theirs is not None and ours[0] <= theirs[1] and theirs[0] <= ours[1]
