"""The parameters of a request for the history: their defaults, their limits, and one line for an error."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.web.history_query import (
    DEFAULT_POINTS,
    MAX_POINTS,
    PARAMETERS,
    BadQueryError,
    HistoryQuery,
    history_query,
)

NOW_S = 1_800_000_030.0
MINUTE = 1_800_000_000


def query(**given_: str) -> HistoryQuery:
    return history_query(
        {name.strip("_"): [value] for name, value in {"target": "a", **given_}.items()}, NOW_S
    )


def error(**given_: str) -> str:
    with pytest.raises(BadQueryError) as raised:
        query(**given_)
    return str(raised.value)


def test_the_last_hour_is_the_default_in_steps_of_a_minute() -> None:
    assert query() == HistoryQuery(target="a", from_s=MINUTE - 3540, to_s=MINUTE + 60, step_s=60)


def test_an_hour_before_to_is_the_default_of_from() -> None:
    assert query(to=str(MINUTE)).from_s == MINUTE - 3600
    assert query(to="60").from_s == 0


@pytest.mark.parametrize(
    "text",
    ["1800000000", "1800000000.0", "2027-01-15T08:00:00Z", "2027-01-15t08:00:00z", "2027-01-15T08:00:00.000Z",
     "2027-01-15T09:00:00+01:00", "2027-01-15T09:00:00 01:00", "2027-01-15T03:00:00-05:00"],
)  # fmt: skip
def test_a_time_is_unix_seconds_or_rfc_3339_with_a_zone(text: str) -> None:
    assert query(from_=text).from_s == MINUTE


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "-1", "1e9", "nan", "2027-01-15", "2027-01-15T08:00:00", "2027-02-30T08:00:00Z",
     "2027-01-15T25:00:00Z", "253402300741", "9999999999999", "2027-01-15T08:00:00+99:00", "\uff11\uff18"],
)  # fmt: skip
def test_any_other_time_is_an_error_with_an_example(text: str) -> None:
    message = error(from_=text)
    assert message.endswith("is not a time; give one such as 2027-01-31T08:00:00Z, or Unix seconds")
    assert message.startswith(f"from '{text}'")


def test_the_range_is_widened_to_whole_minutes() -> None:
    found = query(from_=str(MINUTE - 61), to=str(MINUTE + 1))
    assert (found.from_s, found.to_s) == (MINUTE - 120, MINUTE + 60)


@pytest.mark.parametrize(("from_s", "is_valid"), [(MINUTE - 60, True), (MINUTE, False), (MINUTE + 60, False)])
def test_from_must_be_before_to(from_s: int, *, is_valid: bool) -> None:
    if is_valid:
        assert query(from_=str(from_s), to=str(MINUTE)).from_s == from_s
    else:
        assert error(from_=str(from_s), to=str(MINUTE)).startswith("from is not before to; ")


@pytest.mark.parametrize("span_s", [60, 3600, 300 * 60, 300 * 60 + 60, 86400, 7 * 86400, 400 * 86400])
def test_the_default_step_gives_at_most_300_points(span_s: int) -> None:
    found = query(from_=str(MINUTE - span_s), to=str(MINUTE))
    assert found.step_s % 60 == 0
    assert -(-span_s // found.step_s) <= DEFAULT_POINTS
    assert found.step_s == 60 or span_s // (found.step_s - 60) >= DEFAULT_POINTS, "a shorter step gives more"


@pytest.mark.parametrize("step", ["0", "59", "61", "90", "-60", "1m", "60.0", "", "9" * 20])
def test_a_step_is_a_multiple_of_a_minute(step: str) -> None:
    assert error(step=step) == f"step '{step}' is not a multiple of 60; give seconds, such as 60 or 300"


def test_2000_points_are_possible_and_one_more_is_an_error_with_the_shortest_step() -> None:
    assert query(from_=str(MINUTE - 60 * MAX_POINTS), to=str(MINUTE), step="60").step_s == 60
    message = error(from_=str(MINUTE - 60 * MAX_POINTS - 60), to=str(MINUTE), step="60")
    assert message == "step 60 gives more than 2000 points; use 120 or more"


def test_a_missing_an_unknown_and_a_repeated_parameter_are_errors() -> None:
    assert error(target="").startswith("target is missing; ")
    assert error(form="1") == "'form' is not a parameter; possible are target, from, to, step"
    with pytest.raises(BadQueryError, match="target is given 2 times; give it once"):
        history_query({"target": ["a", "b"]}, NOW_S)


VALUES: Any = st.lists(st.text(max_size=30) | st.from_regex(r"[0-9TZ:.+-]{1,25}"), min_size=1, max_size=2)


@given(st.dictionaries(st.sampled_from(PARAMETERS) | st.text(max_size=9), VALUES, max_size=5))
def test_any_parameters_are_a_query_or_one_line(given_: dict[str, list[str]]) -> None:
    outcome = query_or_error(given_)
    if isinstance(outcome, str):
        assert outcome.isprintable()
    else:
        assert (outcome.to_s - outcome.from_s) // outcome.step_s <= MAX_POINTS


def query_or_error(given_: dict[str, list[str]]) -> HistoryQuery | str:
    try:
        return history_query(given_, NOW_S)
    except BadQueryError as error_:
        return str(error_)
