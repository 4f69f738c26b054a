"""`xks-probe survey`: round trips to candidate Regions, ranked and compared with 35 ms."""

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from probe.commands import options, output, signals
from probe.commands.exits import Exit, UsageError
from probe.commands.own_address import check_source
from probe.model.measurements import Measurement
from probe.model.survey import Survey
from probe.model.targets import Check, Identity, Target
from probe.model.text import clean
from probe.survey import endpoints as region_endpoints
from probe.survey.measure import SurveyOptions, plan, take
from probe.survey.rank import rank
from probe.wire.input_error import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

_THRESHOLD = re.compile(r"(\d+(?:\.\d+)?)(ms|s)", re.ASCII)
MAX_THRESHOLD_S = 10.0
_REGIONS, _MEASUREMENT = "Regions", "Measurement"  # headings of the help


_RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="REGION", help="candidate; default: all Regions", rich_help_panel=_REGIONS
    ),
]
_EndpointsOption = Annotated[
    Path | None,
    typer.Option(
        "--endpoints",
        readable=False,
        metavar="FILE",
        help="YAML file, Region: host[:port], to use instead of the endpoints of AWS KMS",
        rich_help_panel=_REGIONS,
    ),
]
_ThresholdOption = Annotated[
    str,
    typer.Option("--threshold", metavar="DURATION", help="the limit, e.g. 35ms", rich_help_panel=_REGIONS),
]
_UntilDecidedOption = Annotated[
    bool,
    typer.Option(
        "--until-decided",
        help="continue until there is a verdict for every Region",
        rich_help_panel=_MEASUREMENT,
    ),
]
_CountOption = Annotated[
    int,
    typer.Option(
        "-n",
        min=1,
        max=1000,
        metavar="ROUNDS",
        help="number of rounds, after one warm-up round",
        rich_help_panel=_MEASUREMENT,
    ),
]
_IntervalOption = Annotated[
    float,
    typer.Option(
        "-i",
        min=0.05,
        max=60,
        metavar="SECONDS",
        help="seconds between rounds",
        rich_help_panel=_MEASUREMENT,
    ),
]


def command(
    regions: _RegionOption = None,
    endpoints: _EndpointsOption = None,
    threshold: _ThresholdOption = "35ms",
    until_decided: _UntilDecidedOption = False,
    count: _CountOption = 20,
    interval_s: _IntervalOption = 1.0,
    timeout_s: options.TimeoutOption = 2.0,
    source: options.SourceOption = None,
    form: options.FormatOption = output.Format.TEXT,
    file: options.OutputOption = None,
) -> int:
    """Returns 0 if a Region is within the limit, 1 if none is, 3 if undecided or interrupted."""
    threshold_s = _threshold(threshold)
    targets = plan(_endpoints(regions or [], endpoints))
    samples: dict[Identity, list[Measurement]] = {}
    taking = SurveyOptions(
        count=count,
        interval_s=interval_s,
        timeout_s=timeout_s,
        threshold_s=threshold_s,
        until_decided=until_decided,
    )
    complete = _take(targets, taking, check_source(source), samples)
    taken = _rank(targets, samples, threshold_s, complete=complete)
    _write(taken, form, file)
    return _status(taken)


def _take(
    targets: Sequence[Target],
    taking: SurveyOptions,
    source: str | None,
    samples: dict[Identity, list[Measurement]],
) -> bool:
    """Fill ``samples``; False if Ctrl-C ended it early: the samples so far are still reported."""
    from probe.network import Network
    from probe.probes import measure

    network = Network(source=source)

    async def one(target: Target) -> Measurement:
        return await measure(target, Check.TCP, network, taking.timeout_s)

    with _progress() as progress:
        task = progress.add_task("measuring", total=taking.count * len(targets)) if progress else None

        def publish(measurement: Measurement) -> None:
            samples.setdefault(measurement.target.identity, []).append(measurement)
            if progress is not None and task is not None:
                progress.advance(task)

        try:
            signals.run(take(targets, one, taking, publish))
        except KeyboardInterrupt:
            return False
    return True


def _rank(
    targets: Sequence[Target],
    samples: Mapping[Identity, Sequence[Measurement]],
    threshold_s: float,
    *,
    complete: bool,
) -> Survey:
    import socket

    from probe.network.clock import SYSTEM_CLOCK

    return rank(
        targets,
        samples,
        threshold_s=threshold_s,
        taken_at_s=SYSTEM_CLOCK.now_s(),
        vantage=clean(socket.gethostname(), 64),
        complete=complete,
    )


def _status(taken: Survey) -> Exit:
    if not taken.complete:
        return Exit.UNKNOWN
    if any(region.within_threshold for region in taken.regions):
        return Exit.FINE
    if any(region.within_threshold is None and region.failure is None for region in taken.regions):
        return Exit.UNKNOWN
    return Exit.VIOLATED


def _endpoints(regions: list[str], file: Path | None) -> Mapping[str, tuple[str, int]]:
    try:
        if file is None:
            return region_endpoints.endpoints(regions)
        named = region_endpoints.load_endpoints(file)
    except InputError as error:
        raise UsageError(*error.errors) from None
    missing = [region for region in regions if region not in named]
    if missing:
        raise UsageError(f"--region {clean(missing[0], 40)!r}: not in {file}; add it there, or leave it out")
    return {region: named[region] for region in regions} if regions else named


def _threshold(text: str) -> float:
    match = _THRESHOLD.fullmatch(text.strip())
    value_s = float(match[1]) * (1e-3 if match[2] == "ms" else 1.0) if match else 0.0
    if not 0 < value_s <= MAX_THRESHOLD_S:
        raise UsageError(f"--threshold {clean(text, 40)!r}: expected a duration up to 10s, e.g. 35ms")
    return value_s


def _progress() -> "Progress | nullcontext[None]":
    """A bar on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        return nullcontext(None)
    from rich.progress import Progress

    return Progress(console=output.console(stderr=True), transient=True)


def _write(taken: Survey, form: output.Format, file: Path | None) -> None:
    from exporters.report import survey as shown

    output.write(form, file, lambda: shown.document(taken), lambda: shown.render(taken))
