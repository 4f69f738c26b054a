"""Where PrivateLink's verification record may be, and what a TXT answer says of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.facts import RecordState
from probe.wire.verification import MAX_PARENTS, RecordName, parents, places, registrable, state_of

VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
PROPER = RecordName(name="_abc.example.com")
BARE = RecordName(name="example.com", is_bare=True)
DOUBLED = RecordName(name="_abc.example.com.example.com", is_doubled=True)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("myproxy-private.xks.example.com", "example.com"),
        ("MyProxy.Example.COM.", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("com", None),
        ("co.uk", None),
        ("proxy.bank.internal", None),
        ("proxy.corp", None),
        ("x.y.github.io", "github.io"),  # of a hosting company: more names are looked at, not fewer
        ("", None),
        (".", None),
    ],
)
def test_the_registrable_domain_is_one_below_a_public_suffix(name: str, domain: str | None) -> None:
    assert registrable(name) == domain


def test_the_nearest_parent_comes_first_and_the_registrable_domain_last() -> None:
    assert parents("myproxy-private.xks.example.com") == ("xks.example.com", "example.com")
    assert parents("example.com") == ("example.com",)
    assert parents("proxy.corp") == ()


@pytest.mark.parametrize("labels", [MAX_PARENTS - 1, MAX_PARENTS, MAX_PARENTS + 1, 30])
def test_the_registrable_domain_is_among_the_parents_however_many_there_are(labels: int) -> None:
    found = parents("a." * labels + "example.com")
    assert len(found) == min(labels, MAX_PARENTS)
    assert found[0] == "a." * (labels - 1) + "example.com"
    assert found[-1] == "example.com"


def test_proper_places_come_before_those_of_mistakes() -> None:
    found = [place.name for place in places("p.xks.example.com", "_abc")]
    assert found == [
        "_abc.xks.example.com",
        "_abc.example.com",
        "xks.example.com",
        "example.com",
        "_abc.xks.example.com.xks.example.com",
        "_abc.xks.example.com.example.com",
        "_abc.example.com.example.com",
    ]


@pytest.mark.parametrize(
    ("answers", "place", "state"),
    [
        ((VALUE,), PROPER, RecordState.PUBLISHED),
        (("v=spf1 -all", VALUE), BARE, RecordState.PUBLISHED),
        ((VALUE,), DOUBLED, RecordState.NAME_DOUBLED),
        ((VALUE.lower(),), PROPER, RecordState.LOWER_CASED),
        ((VALUE.upper(),), PROPER, RecordState.LOWER_CASED),
        ((f'"{VALUE}"',), PROPER, RecordState.QUOTED_TWICE),
        ((f'\\"{VALUE}\\"',), PROPER, RecordState.QUOTED_TWICE),
        (("vpce:another",), PROPER, RecordState.WRONG_VALUE),
        (("something",), PROPER, RecordState.WRONG_VALUE),
        (("vpce:another", "v=spf1"), BARE, RecordState.ABSENT),
        ((VALUE + " ",), PROPER, RecordState.WRONG_VALUE),
        ((), PROPER, RecordState.ABSENT),
        ((), BARE, RecordState.ABSENT),
    ],
)
def test_only_the_exact_value_is_the_record(
    answers: tuple[str, ...], place: RecordName, state: RecordState
) -> None:
    assert state_of(answers, VALUE, place) is state


@given(st.lists(st.text(max_size=30), max_size=4), st.booleans())
def test_nothing_is_published_that_is_not_exact(answers: list[str], is_bare: bool) -> None:
    state = state_of(tuple(answers), VALUE, RecordName(name="x", is_bare=is_bare))
    assert (state is RecordState.PUBLISHED) is (VALUE in answers)


@given(st.text(max_size=80))
def test_any_name_has_parents_or_none(name: str) -> None:
    assert isinstance(parents(name), tuple)
