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
from probe.commands.output import Format
from probe.model.targets import Method
from probe.model.text import clean

# A measuring tool is no load generator: what one host gets a second at the most.
MIN_INTERVAL_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was asked for; the numbers are within their limits, the hosts not looked at yet."""

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


def read(arguments: Sequence[str]) -> Arguments | None:
    """None after help was asked for, and shown. Raises UsageError."""
    parser = _Parser(
        prog="xks-probe ping",
        description="Take round-trip times by ICMP or TCP, stamped by the kernel. "
        "Exit status 1 if a target never answered.",
        allow_abbrev=False,
        add_help=False,
    )
    _add_to(parser)
    if "--help" in arguments or "-h" in arguments:
        parser.print_help()
        return None
    found = parser.parse_intermixed_args(list(arguments))
    return Arguments(**{**vars(found), "method": Method(found.method), "form": Format(found.form)})


def _add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("hosts", nargs="*", metavar="HOST", help="names or IPv4 addresses")
    add("--targets", type=Path, metavar="FILE", help="file with one host a line")
    add(
        "-n",
        dest="count",
        type=_whole(1, 1_000_000),
        default=10,
        metavar="N",
        help="round trips to each (10)",
    )
    add(
        "-i", dest="interval_s", type=_seconds(MIN_INTERVAL_S, 3600), default=1.0, metavar="S",
        help="seconds between two to one host (1)",
    )  # fmt: skip
    add(
        "--method", choices=[method.value for method in Method], default=Method.ICMP.value,
        help="icmp echo, or the SYN of a tcp connect (icmp)",
    )  # fmt: skip
    add("--port", type=_whole(1, 65535), default=443, metavar="PORT", help="for --method tcp (443)")
    add(
        "--timeout", dest="timeout_s", type=_seconds(0.01, 300), default=2.0, metavar="S",
        help="seconds from the probe's start (2)",
    )  # fmt: skip
    add("--source", metavar="ADDRESS", help="local IPv4 address to send from")
    add(
        "--format", dest="form", choices=[form.value for form in Format], default=Format.TEXT.value,
        help="text for people, json for programs (text)",
    )  # fmt: skip
    add("--output", dest="file", type=Path, metavar="FILE", help="write to this file instead of stdout")
    add("-h", "--help", action="store_true", default=argparse.SUPPRESS, help="show this and end")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as the other commands do."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"ping: {clean(message, 500)} (xks-probe ping --help)")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read_whole(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{clean(text, 40)!r} is not a whole number from {least} to {most}"
            )
        return value

    return read_whole


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def read_seconds(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:  # neither is NaN
            raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is not a number from {least} to {most}")
        return value

    return read_seconds
