"""Names are read from certificates even if other parts are malformed."""

from typing import Any

import pytest
from cryptography.x509.name import _ASN1Type
from hypothesis import given
from hypothesis import strategies as st
from support.tls.certificates import Pki, bmp, common_names, issue, teletex

from probe.wire import der

PKI = Pki()
ORDINARY = PKI.leaf("a.example", san=("a.example", "*.b.example")).der
READERS = (der.common_names, der.dns_names)


def test_the_names_of_an_ordinary_certificate_are_read() -> None:
    assert der.common_names(ORDINARY) == ("a.example",)
    assert der.dns_names(ORDINARY) == ("a.example", "*.b.example")


def test_a_certificate_without_names_has_none() -> None:
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


def test_an_undecodable_character_is_replaced_and_other_names_are_read() -> None:
    leaf, _ = PKI.edited(b"\x0c\x05m!ler", b"\x0c\x05m\xfcler", common_names("m!ler", "a.example"))
    assert der.common_names(leaf.der) == ("m\ufffdler", "a.example")


def test_older_string_types_are_read_as_latin_1() -> None:
    leaf, _ = PKI.edited(b"m!ller", b"m\xfcller", teletex("m!ller"), san=("m!ller.example",))
    assert der.common_names(leaf.der) == ("m\u00fcller",)
    assert der.dns_names(leaf.der) == ("m\u00fcller.example",)


@pytest.mark.parametrize("tag", [0x00, 0x02, 0x03, 0x04, 0x05, 0x30])
def test_a_value_that_is_not_a_string_becomes_a_replacement_character(tag: int) -> None:
    at = ORDINARY.index(b"\x0c\x09a.example")
    assert der.common_names(ORDINARY[:at] + bytes([tag]) + ORDINARY[at + 1 :]) == ("\ufffd",)


@given(st.binary(max_size=300))
def test_bytes_that_are_not_a_certificate_give_a_value_error_or_no_names(data: bytes) -> None:
    for read in READERS:
        try:
            assert read(data) == ()
        except ValueError:
            continue


@given(st.integers(0, len(ORDINARY) - 1), st.integers(0, 255))
def test_a_certificate_with_a_changed_byte_gives_names_or_a_value_error(at: int, value: int) -> None:
    changed = ORDINARY[:at] + bytes([value]) + ORDINARY[at + 1 :]
    for read in READERS:
        try:
            assert all(isinstance(name, str) for name in read(changed))
        except ValueError:
            continue
