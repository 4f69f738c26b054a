"""The table of commands: name, what it does, and what its exit status means."""

from typing import NamedTuple

PROGRAM = "xks-probe"
SUMMARY = "network diagnostics for AWS KMS external key stores"


class Command(NamedTuple):
    """One row of the overview; ``exit_status`` is the last paragraph of the command's help."""

    name: str
    summary: str
    exit_status: str


_JUDGED = (
    "1 if a required or risk requirement is violated, 3 if none is violated but at least one is unknown."
)
COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        "Run the agent in a simulated network and AWS account; its page is on http://127.0.0.1:9911/",
        "0 when stopped by SIGINT or SIGTERM. With --once or --preflight: 0 when the round is complete, "
        "whatever the verdicts are; 130 after SIGINT, 143 after SIGTERM.",
    ),
    Command(
        "run",
        "Run the agent from a configuration file",
        "0 when stopped by SIGINT or SIGTERM, 2 if the configuration is invalid.",
    ),
    Command(
        "check-config",
        "Validate a configuration; list targets, probe rates and number of series",
        "2 if the configuration is invalid; every error is listed with its path.",
    ),
    Command(
        "init",
        "Write a configuration file: a commented template, or the targets that AWS lists",
        "2 if the file exists already or cannot be written.",
    ),
    Command(
        "doctor",
        "Show what this machine supports, and how to enable what is missing",
        "1 if a capability that the agent needs is missing.",
    ),
    Command(
        "survey",
        "Rank Regions by round-trip time and compare them with the 35 ms limit",
        "0 if at least one Region is within the limit, 1 if none is, 3 if that is undecided or Ctrl-C ended "
        "the survey early; the report then covers the round trips measured so far.",
    ),
    Command(
        "ping",
        "Measure round-trip times by ICMP or TCP with kernel timestamps",
        "1 if at least one target never answered.",
    ),
    Command(
        "tls",
        "Perform the TLS handshake the way KMS does and check the certificate",
        f"{_JUDGED} A handshake that failed is 1, too.",
    ),
    Command(
        "dns",
        "Query a name server and measure how long its answer takes",
        "1 if the name server did not answer, or answered without a record.",
    ),
    Command(
        "health",
        "Send an XKS proxy the signed health request that KMS sends, timed per phase",
        f"{_JUDGED} A request that failed is 1, too.",
    ),
    Command(
        "preflight",
        "Predict how KMS will respond to this endpoint service and proxy, why, and what to change",
        _JUDGED,
    ),
)
EXIT_STATUS: tuple[tuple[str, str], ...] = (
    ("0", "success"),
    ("1", "a requirement is violated, or a target did not answer"),
    ("2", "wrong usage or configuration"),
    ("3", "nothing is violated, but something is unknown"),
    ("130", "interrupted by Ctrl-C"),
)


def names() -> tuple[str, ...]:
    return tuple(command.name for command in COMMANDS)


def find(name: str) -> Command | None:
    return next((command for command in COMMANDS if command.name == name), None)
