"""AWS's list of CAs and the certificates in the package."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.evidence import authorities_of, issue

from probe.requirements.evidence.authorities import assemble, kms_authorities, name_key_of_subject
from probe.wire.chain import name_key_of_values

WITHOUT_CERTIFICATE = {"ecacc", "gtsrootr1", "gtsrootr2", "gtsrootr3", "gtsrootr4"}


def test_the_package_has_all_130_names_and_125_roots() -> None:
    authorities = kms_authorities()
    included = {
        hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest()
        for roots in authorities.roots.by_subject.values()
        for root in roots
    }
    assert (len(authorities.aliases), len(authorities.names), authorities.as_of) == (130, 130, "2022-11-10")
    assert {
        alias for sha256, alias in authorities.aliases.items() if sha256 not in included
    } == WITHOUT_CERTIFICATE


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
    row = f"a,CN=Listed,2030-01-01,,{hashlib.sha256(listed.der).hexdigest()}"
    text = f"alias,subject,not_after_us_pacific,sha1,sha256\n{row}\n"
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
