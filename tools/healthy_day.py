"""Prints a promtool test: ten recorded minutes of a healthy agent, repeated for a day, fire no alert.

    tools/healthy_day.py tests/deploy/healthy_ten_minutes.txt [--repetitions 144]

Each line of the recording is the values of one series, a tab, and the series. The values are one per scrape,
every 15 seconds from 0 to 600 s, in promtool's notation. Times (Unix) count from the start of the recording.
In each repetition counters go on, and so do the times of the last report and audit; everything else is
repeated as it is.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

INTERVAL_S, LENGTH_S = 15, 600
EVALUATION_S = 60  # all durations of the rules are multiples; each 15 s, a day takes minutes
SCRAPES = LENGTH_S // INTERVAL_S
RULES = Path(__file__).resolve().parents[1] / "deploy" / "prometheus" / "rules.yml"
LABELS = 'job="xks-probe",instance="a:9911"'
_COUNTERS = ("_total", "_bucket", "_count", "_sum")
# Gauges that are the time of something that happens again and again.
_EVENTS = ("report_timestamp_seconds", "audit_last_success_timestamp_seconds")


def main() -> int:
    """Print the test, as JSON, which is YAML, too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording", type=Path)
    parser.add_argument("--repetitions", type=int, default=144)
    arguments = parser.parse_args()
    lines = arguments.recording.read_text(encoding="utf-8").splitlines()
    print(json.dumps(day_of(lines, arguments.repetitions), indent=1))
    return 0


def day_of(recording: Iterable[str], repetitions: int) -> dict[str, object]:
    """The promtool test of a recording's lines."""
    series = [
        {"series": _labelled(name), "values": notation(repeated(name, expanded(values), repetitions))}
        for values, name in (line.split("\t") for line in recording)
    ]
    length_s = repetitions * LENGTH_S
    fired = f'count_over_time(ALERTS{{alertstate="firing"}}[{length_s}s])'
    return {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{EVALUATION_S}s",
        "tests": [
            {
                "interval": f"{INTERVAL_S}s",
                "input_series": [_up(repetitions), *series],
                "promql_expr_test": [{"expr": fired, "eval_time": f"{length_s}s", "exp_samples": []}],
            }
        ],
    }


def _up(repetitions: int) -> dict[str, str]:
    return {"series": f"up{{{LABELS}}}", "values": f"1x{repetitions * SCRAPES}"}


def repeated(name: str, values: Sequence[float | None], repetitions: int) -> list[float | None]:
    """The values of all repetitions; the last scrape of one is the first of the next."""
    metric = name.partition("{")[0]
    step = 0.0
    if metric.endswith(_COUNTERS):
        step = (values[-1] or 0.0) - (values[0] or 0.0)
    elif metric.endswith(_EVENTS):
        step = LENGTH_S
    return [
        None if value is None else value + n * step
        for n, value in itertools.product(range(repetitions), values[:-1])
    ]


def expanded(values: str) -> list[float | None]:
    """The values in promtool's notation, without its decrements.

    >>> expanded("1x2 _ 5+10x2")
    [1.0, 1.0, 1.0, None, 5.0, 15.0, 25.0]
    """
    found: list[float | None] = []
    for word in values.split():
        start, _, times = word.partition("x")
        first, _, step = start.partition("+")
        count = int(times or 0) + 1
        if first == "_":
            found += [None] * max(1, count - 1)
        else:
            found += [float(first) + float(step or 0) * n for n in range(count)]
    return found


def notation(values: Iterable[float | None]) -> str:
    """Equal values that follow each other are written once.

    >>> notation([1.0, 1.0, 1.0, None, None, 2.5])
    '1x2 _x2 2.5'
    """
    words = []
    for value, group in itertools.groupby(values):
        count = len(list(group))
        if value is None:
            words.append(f"_x{count}")
        else:
            words.append(f"{value:.15g}" + (f"x{count - 1}" if count > 1 else ""))
    return " ".join(words)


def _labelled(series: str) -> str:
    name, _, labels = series.partition("{")
    return f"{name}{{{LABELS}" + (f",{labels}" if labels else "}")


if __name__ == "__main__":
    sys.exit(main())
