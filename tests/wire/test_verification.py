"""The possible names of PrivateLink's verification record, and the reading of TXT responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.facts import RecordState
from probe.wire.verification import MAX_PARENTS, RecordName, parents, record_names, registrable, state_of

VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
CORRECT = RecordName(name="_abc.example.com")
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
        ("x.y.github.io", "github.io"),  # suffixes of hosting companies are not used
        ("", None),
        (".", None),
    ],
)
def test_the_registrable_domain_is_one_label_below_a_public_suffix(name: str, domain: str | None) -> None:
    assert registrable(name) == domain


def test_the_nearest_parent_comes_first_and_the_registrable_domain_last() -> None:
    assert parents("myproxy-private.xks.example.com") == ("xks.example.com", "example.com")
    assert parents("example.com") == ("example.com",)
    assert parents("proxy.corp") == ()


@pytest.mark.parametrize("labels", [MAX_PARENTS - 1, MAX_PARENTS, MAX_PARENTS + 1, 30])
def test_the_registrable_domain_is_always_the_last_parent(labels: int) -> None:
    found = parents("a." * labels + "example.com")
    assert len(found) == min(labels, MAX_PARENTS)
    assert found[0] == "a." * (labels - 1) + "example.com"
    assert found[-1] == "example.com"


def test_correct_record_names_come_before_those_of_common_mistakes() -> None:
    found = [record.name for record in record_names("p.xks.example.com", "_abc")]
    assert found == [
        "_abc.xks.example.com",
        "_abc.example.com",
        "_abc.p.xks.example.com",
        "xks.example.com",
        "example.com",
        "p.xks.example.com",
        "_abc.xks.example.com.xks.example.com",
        "_abc.xks.example.com.example.com",
        "_abc.example.com.example.com",
    ]


@pytest.mark.parametrize(
    ("answers", "record", "state"),
    [
        ((VALUE,), CORRECT, RecordState.PUBLISHED),
        (("v=spf1 -all", VALUE), BARE, RecordState.PUBLISHED),
        ((VALUE,), DOUBLED, RecordState.NAME_DOUBLED),
        ((VALUE.lower(),), CORRECT, RecordState.LOWER_CASED),
        ((VALUE.upper(),), CORRECT, RecordState.LOWER_CASED),
        ((f'"{VALUE}"',), CORRECT, RecordState.QUOTED_TWICE),
        ((f'\\"{VALUE}\\"',), CORRECT, RecordState.QUOTED_TWICE),
        (("vpce:another",), CORRECT, RecordState.WRONG_VALUE),
        (("something",), CORRECT, RecordState.WRONG_VALUE),
        (("vpce:another", "v=spf1"), BARE, RecordState.ABSENT),
        ((VALUE + " ",), CORRECT, RecordState.WRONG_VALUE),
        ((), CORRECT, RecordState.ABSENT),
        ((), BARE, RecordState.ABSENT),
    ],
)
def test_only_the_exact_value_counts_as_published(
    answers: tuple[str, ...], record: RecordName, state: RecordState
) -> None:
    assert state_of(answers, VALUE, record) is state


@given(st.lists(st.text(max_size=30), max_size=4), st.booleans())
def test_a_record_is_published_only_if_the_exact_value_is_among_the_answers(
    answers: list[str], is_bare: bool
) -> None:
    state = state_of(tuple(answers), VALUE, RecordName(name="x", is_bare=is_bare))
    assert (state is RecordState.PUBLISHED) is (VALUE in answers)


@given(st.text(max_size=80))
def test_any_name_has_a_tuple_of_parents(name: str) -> None:
    assert isinstance(parents(name), tuple)
