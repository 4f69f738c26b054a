"""Names are read out of certificates whatever else in these is odd."""

from typing import Any

import pytest
from cryptography.x509.name import _ASN1Type
from hypothesis import given
from hypothesis import strategies as st
from tls_certificates import Pki, bmp, common_names, issue, teletex

from probe.wire import der

PKI = Pki()
USUAL = PKI.leaf("a.example", san=("a.example", "*.b.example")).der
READERS = (der.common_names, der.dns_names)


def test_the_names_of_a_usual_certificate() -> None:
    assert der.common_names(USUAL) == ("a.example",)
    assert der.dns_names(USUAL) == ("a.example", "*.b.example")


def test_without_names_there_are_none() -> None:
    nameless = issue(common_names(), san=(), ca=None).der
    assert [read(nameless) for read in READERS] == [(), ()]


@pytest.mark.parametrize(
    "subject",
    [
        bmp("m\u00fcller"),
        common_names("m\u00fcller"),
        common_names("m\u00fcller", kind=_ASN1Type.UniversalString),
    ],
    ids=["BMP", "UTF-8", "universal"],
)
def test_each_string_type_has_its_encoding(subject: Any) -> None:
    assert der.common_names(issue(subject).der) == ("m\u00fcller",)


def test_what_cannot_be_decoded_is_replaced_and_costs_no_other_name() -> None:
    leaf, _ = PKI.edited(b"\x0c\x05m!ler", b"\x0c\x05m\xfcler", common_names("m!ler", "a.example"))
    assert der.common_names(leaf.der) == ("m\ufffdler", "a.example")


def test_one_byte_is_one_character_in_the_older_types() -> None:
    leaf, _ = PKI.edited(b"m!ller", b"m\xfcller", teletex("m!ller"), san=("m!ller.example",))
    assert der.common_names(leaf.der) == ("m\u00fcller",)
    assert der.dns_names(leaf.der) == ("m\u00fcller.example",)


@pytest.mark.parametrize("tag", [0x00, 0x02, 0x03, 0x04, 0x05, 0x30])
def test_what_is_no_string_is_no_name_of_a_host(tag: int) -> None:
    place = USUAL.index(b"\x0c\x09a.example")
    assert der.common_names(USUAL[:place] + bytes([tag]) + USUAL[place + 1 :]) == ("\ufffd",)


@given(st.binary(max_size=300))
def test_what_is_no_certificate_is_a_value_error_or_has_no_names(data: bytes) -> None:
    for read in READERS:
        try:
            assert read(data) == ()
        except ValueError:
            continue


@given(st.integers(0, len(USUAL) - 1), st.integers(0, 255))
def test_no_changed_byte_raises_anything_else(place: int, value: int) -> None:
    changed = USUAL[:place] + bytes([value]) + USUAL[place + 1 :]
    for read in READERS:
        try:
            assert all(isinstance(name, str) for name in read(changed))
        except ValueError:
            continue
