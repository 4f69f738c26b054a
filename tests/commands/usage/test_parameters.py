"""Options as values: their label, the notes added to their help text, and their group."""

from enum import Enum

import pytest

from probe.commands.usage.parameters import HELP, MAX_UNGROUPED, CommandUsage, Parameter, shown_default


class Colour(Enum):
    RED = "red"


def usage(number: int, **more: object) -> CommandUsage:
    given = {
        "name": "tls",
        "summary": "Check",
        "exit_status": "1 if not.",
        "arguments": (),
        "options": tuple(
            Parameter(flags=(f"--option-{n}",), group="Odd" if n % 2 else "Even") for n in range(number)
        ),
    }
    return CommandUsage(**{**given, **more})  # type: ignore[arg-type]


def test_the_label_of_an_option_is_what_a_user_types() -> None:
    assert Parameter(flags=("-c", "--config"), metavar="FILE").label == "-c, --config FILE"
    assert Parameter(flags=("--strict",)).label == "--strict"
    assert Parameter(metavar="HOST").label == "HOST"


def test_the_notes_list_choices_limits_default_and_repetition() -> None:
    option = Parameter(
        flags=("--x",), choices=("a", "b"), limits="1 to 9", default="a", is_repeatable=True, is_required=True
    )
    assert option.notes == ("one of: a, b", "1 to 9", "default: a", "required", "may be repeated")
    assert Parameter(metavar="HOST", is_required=True).notes == ()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (2.0, "2"), (0.01, "0.01"), (443, "443"), (Colour.RED, "red"), (len, ""), ("a", "a")],
)
def test_a_default_is_shown_as_it_would_be_typed(value: object, shown: str) -> None:
    assert shown_default(value) == shown


@pytest.mark.parametrize(
    ("options", "titles"),
    [(0, ["Options"]), (MAX_UNGROUPED, ["Options"]), (MAX_UNGROUPED + 1, ["Even", "Odd"])],
)
def test_only_many_options_are_grouped_and_help_comes_last(options: int, titles: list[str]) -> None:
    groups = usage(options).groups()
    assert list(groups) == titles
    assert groups[titles[-1]][-1] == HELP
    assert sum(map(len, groups.values())) == options + 1


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (Parameter(metavar="HOST", is_required=True), "tls [OPTIONS] HOST"),
        (Parameter(metavar="HOST"), "tls [OPTIONS] [HOST]"),
        (Parameter(metavar="HOST", is_repeatable=True), "tls [OPTIONS] [HOST...]"),
    ],
)
def test_the_synopsis_marks_optional_arguments(argument: Parameter, expected: str) -> None:
    assert usage(0, arguments=(argument,)).synopsis == expected


def test_a_required_option_is_part_of_the_synopsis() -> None:
    region = Parameter(flags=("--region",), metavar="REGION", is_required=True)
    assert usage(0, options=(region,)).synopsis == "tls --region REGION [OPTIONS]"
