"""The package's advice on roots."""

import pytest
from support.evidence import issue

from probe.requirements.evidence.authorities import kms_authorities
from probe.requirements.evidence.authority_advice import Advice, advice_on, read
from probe.wire.chain import Roots, build

ROWS = read()
LISTED = {value for row in kms_authorities().names for value in row}


def test_a_root_that_browsers_do_not_trust_is_listed() -> None:
    """Otherwise its row has no effect: the note is shown only for a root that KMS trusts."""
    assert {root for root, row in ROWS.items() if row.untrusted} <= LISTED


def test_each_row_says_what_to_do_or_since_when() -> None:
    assert all(bool(row.remedy) != bool(row.untrusted) for row in ROWS.values())


def test_no_remedy_is_for_a_root_in_both_lists() -> None:
    authorities = kms_authorities()
    in_both = {
        value
        for (name, _), lists in authorities.lists_by_root.items()
        for value in name
        if lists == {authorities.as_of, authorities.proposed}
    }
    assert not {root for root, row in ROWS.items() if row.remedy} & in_both


@pytest.mark.parametrize(
    ("untrusted", "today", "note"),
    [
        ("2026-04-15", "2026-04-14", "will not trust it after 2026-04-15"),
        ("2026-04-15", "2026-04-15", "have not trusted it since 2026-04-15"),
        ("2025-04", "2026-11-27", "have not trusted it since 2025-04"),
        ("2026-11-27 or earlier", "2026-11-27", "have not trusted it since 2026-11-27 or earlier"),
        ("", "2026-11-27", ""),
    ],
)
def test_the_note_compares_dates(untrusted: str, today: str, note: str) -> None:
    found = Advice(root="", family="", remedy="", untrusted=untrusted).note(today)
    assert note in found
    assert bool(found) is bool(note)


def test_the_root_is_found_by_a_part_of_its_name_also_if_it_was_not_sent() -> None:
    root = issue("ISRG ROOT X2", ca=True)
    middle = issue("E7", by=root, ca=True)
    for signers in ((middle,), (middle, root)):
        (path,) = build(tuple(each.der for each in signers), Roots())
        advice = advice_on(path)
        assert advice is not None
        assert advice.family == "Let's Encrypt"
    (other,) = build((issue("Another", ca=True).der,), Roots())
    assert advice_on(other) is None


def test_an_extra_root_that_another_one_signed_is_found_by_its_own_name() -> None:
    root = issue("ISRG ROOT X2", by=issue("Another", ca=True), ca=True)
    (path,) = build((issue("leaf", by=root).der,), Roots.of((root.der,)))
    advice = advice_on(path)
    assert advice is not None
    assert advice.family == "Let's Encrypt"
