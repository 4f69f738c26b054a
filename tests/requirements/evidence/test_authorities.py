"""AWS's list of CAs and the certificates in the package."""

import hashlib
from collections import Counter

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.evidence import authorities_of, issue

from probe.requirements.evidence.authorities import assemble, kms_authorities, name_key_of_subject
from probe.wire.chain import build, name_key_of_values

PUBLISHED, PROPOSED = "2022-11-10", "2024-06-15"


def test_the_package_has_all_certificates_of_both_lists() -> None:
    """Counted by fingerprint as the lists do, and by name and key: six roots were issued again."""
    authorities = kms_authorities()
    assert (authorities.as_of, authorities.proposed) == (PUBLISHED, PROPOSED)
    rows = authorities.listed.values()
    assert Counter(" ".join(sorted(row.lists)) for row in rows) == {
        f"{PUBLISHED} {PROPOSED}": 111,
        PUBLISHED: 19,
        PROPOSED: 34,
    }
    assert Counter(" ".join(sorted(lists)) for lists in authorities.lists_by_root.values()) == {
        f"{PUBLISHED} {PROPOSED}": 117,
        PUBLISHED: 13,
        PROPOSED: 28,
    }
    included = {
        hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest()
        for roots in authorities.roots.by_subject.values()
        for root in roots
    }
    assert included == set(authorities.listed)


@pytest.mark.parametrize(
    ("root", "lists"),
    [
        ("CN=GTS Root R1", {PUBLISHED, PROPOSED}),
        ("CN=GlobalSign,O=GlobalSign,OU=GlobalSign ECC Root CA - R4", {PUBLISHED, PROPOSED}),
        ("CN=ISRG Root X1", {PUBLISHED, PROPOSED}),
        ("CN=ISRG Root X2", {PROPOSED}),
        ("CN=CommScope Public Trust RSA Root-01", {PROPOSED}),
        ("CN=TrustCor ECA-1", {PUBLISHED}),
        ("CN=EC-ACC", {PUBLISHED}),
    ],
)
def test_a_root_is_in_the_lists_that_have_its_name_and_key(root: str, lists: set[str]) -> None:
    """Also under another fingerprint: two versions of GTS Root R1 are one root."""
    authorities = kms_authorities()
    paths = [
        path
        for roots in authorities.roots.by_subject.values()
        for each in roots
        if root.split(",", maxsplit=1)[0] in each.subject.rfc4514_string().split(",")
        and all(part in each.subject.rfc4514_string() for part in root.split(","))
        for path in build((each.public_bytes(Encoding.DER),), authorities.roots)
    ]
    assert {authorities.lists_of(path.links[-1]) for path in paths} == {frozenset(lists)}


def test_every_root_has_a_name_of_the_list() -> None:
    authorities = kms_authorities()
    for roots in authorities.roots.by_subject.values():
        for root in roots:
            assert name_key_of_values(str(each.value) for each in root.subject) in authorities.names


def test_every_root_ends_a_path_even_if_its_own_signature_cannot_be_verified() -> None:
    for roots in kms_authorities().roots.by_subject.values():
        for root in roots:
            assert kms_authorities().roots.issuer_of(root) == root


def test_a_certificate_whose_fingerprint_is_not_listed_is_ignored() -> None:
    listed, unlisted = issue("Listed", ca=True), issue("Unlisted", ca=True)
    row = f"a,CN=Listed,2030-01-01,,{hashlib.sha256(listed.der).hexdigest()},{PUBLISHED}"
    text = f"alias,subject,not_after_us_pacific,sha1,sha256,lists\n{row}\n"
    authorities = assemble(text, (listed.der, unlisted.der))
    assert authorities.roots.issuer_of(listed.certificate) == listed.certificate
    assert authorities.roots.issuer_of(unlisted.certificate) is None
    assert authorities_of(unlisted).roots.issuer_of(unlisted.certificate) == unlisted.certificate


@pytest.mark.parametrize(
    ("subject", "values"),
    [
        ("CN=Root, O=Org, C=US", ["root", "org", "us"]),
        ('CN=Root, O="Entrust, Inc.", C=US', ["root", "entrust, inc.", "us"]),
        ("C=ES, OID.2.5.4.97=VATES-1, CN=X = Y", ["es", "vates-1", "x = y"]),
        ("", []),
    ],
    ids=["plain", "a comma in quotes", "an attribute by number", "empty"],
)
def test_a_subject_printed_by_keytool_is_parsed(subject: str, values: list[str]) -> None:
    assert name_key_of_subject(subject) == name_key_of_values(values)


def test_a_list_keeps_its_aliases_and_has_no_date_that_it_does_not_say() -> None:
    found = assemble("alias,subject,not_after_us_pacific,sha1,sha256,lists\nr,CN=R,2030-01-01,,ab,\n", ())
    assert (found.as_of, found.proposed) == ("", "")
    assert found.listed["ab"].alias == "r"
