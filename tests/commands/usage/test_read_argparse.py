"""The options of `ping`, read from its argparse parser."""

import pytest

from probe.commands import app, ping_arguments
from probe.commands.usage import read_argparse
from probe.commands.usage.parameters import Parameter


@pytest.mark.parametrize(
    ("flag", "label", "notes", "group"),
    [
        ("-n", "-n COUNT", ("1 to 1000000", "default: 10"), "Probing"),
        ("-i", "-i SECONDS", ("0.01 to 3600", "default: 1"), "Probing"),
        ("--method", "--method METHOD", ("one of: icmp, tcp", "default: icmp"), "Probing"),
        ("--source", "--source ADDRESS", (), "Probing"),
        ("--output", "--output FILE", (), "Output"),
    ],
)
def test_each_option_has_the_values_of_its_declaration(
    flag: str, label: str, notes: tuple[str, ...], group: str
) -> None:
    option = {each.flags[0]: each for each in read_argparse.options(ping_arguments.parser())}[flag]
    assert (option.label, option.notes, option.group) == (label, notes, group)
    assert option.help


def test_hosts_are_the_argument() -> None:
    (host,) = app.usage_of("ping").arguments
    assert host == Parameter(
        metavar="HOST", help="name or IPv4 address", is_repeatable=True, group="positional arguments"
    )
