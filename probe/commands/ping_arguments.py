"""The command line of `ping`, read by argparse.

The other commands use typer. To load it takes the time of two thousand echoes, which is most of a short run.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from probe.commands.exits import UsageError
from probe.commands.output import Format, output_file
from probe.model.targets import Method
from probe.model.text import clean

# A measuring tool is not a load generator: each host gets at most 100 probes per second.
MIN_INTERVAL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """As given; the numbers are within their limits, the hosts are not checked yet."""

    hosts: list[str]
    targets: Path | None
    count: int
    interval_s: float
    method: Method
    port: int
    timeout_s: float
    source: str | None
    form: Format
    file: Path | None


def read(arguments: Sequence[str]) -> Arguments:
    """Raises UsageError."""
    reader = parser()
    found, unknown = reader.parse_known_intermixed_args(list(arguments))
    if unknown:
        from probe.commands.usage import nearest, read_argparse

        reader.error(nearest.unknown_option(unknown[0], read_argparse.options(reader)))
    return Arguments(**{**vars(found), "method": Method(found.method), "form": Format(found.form)})


def parser() -> argparse.ArgumentParser:
    """Its groups are the headings of the help."""
    made = _Parser(prog="xks-probe ping", allow_abbrev=False, add_help=False)
    made.add_argument("hosts", nargs="*", metavar="HOST", help="name or IPv4 address")
    _add_probing(made.add_argument_group("Probing").add_argument)
    _add_output(made.add_argument_group("Output").add_argument)
    return made


def _add_probing(add: Callable[..., object]) -> None:
    add("--targets", type=Path, metavar="FILE", help="file with one host per line")
    add(
        "-n", dest="count", type=_Whole(1, 1_000_000), default=10, metavar="COUNT",
        help="number of probes to each host",
    )  # fmt: skip
    add(
        "-i", dest="interval_s", type=_Seconds(MIN_INTERVAL_S, 3600), default=1.0, metavar="SECONDS",
        help="seconds between probes to the same host",
    )  # fmt: skip
    add(
        "--method", choices=[method.value for method in Method], default=Method.ICMP.value,
        help="ICMP echo, or the SYN of a TCP connect",
    )  # fmt: skip
    add("--port", type=_Whole(1, 65535), default=443, metavar="PORT", help="TCP port for --method tcp")
    add(
        "--timeout", dest="timeout_s", type=_Seconds(0.01, 300), default=2.0, metavar="SECONDS",
        help="seconds to wait for an answer, from the start of the probe",
    )  # fmt: skip
    add("--source", metavar="ADDRESS", help="local IPv4 address to send from")


def _add_output(add: Callable[..., object]) -> None:
    add(
        "--format", dest="form", choices=[form.value for form in Format], default=Format.TEXT.value,
        metavar="FORMAT", help="text for people, json (one object per line) for programs",
    )  # fmt: skip
    add(
        "--output", dest="file", type=output_file, metavar="FILE",
        help="append to this file instead of writing to standard output (-)",
    )  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, as the other commands do."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"ping: {clean(message, 500)} (xks-probe ping --help)")


class _Whole:
    """Reads a whole number; ``limits`` is shown in the help."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self._minimum, self._maximum = minimum, maximum
        self.limits = f"{minimum} to {maximum}"

    def __call__(self, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = self._minimum - 1
        if not self._minimum <= value <= self._maximum:
            raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is not a whole number from {self.limits}")
        return value


class _Seconds:
    """Reads a number of seconds; ``limits`` is shown in the help."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self._minimum, self._maximum = minimum, maximum
        self.limits = f"{minimum:g} to {maximum:g}"

    def __call__(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self._minimum <= value <= self._maximum:  # NaN is not, either
            raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is not a number from {self.limits}")
        return value
