"""Root certificates with serial number 0, which a later version of cryptography will refuse."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from support.evidence import Signer, issue

from probe.requirements.evidence.authorities import kms_authorities
from probe.wire.certificate_path.anchors import anchors_of
from probe.wire.chain import Roots, root_id_of
from probe.wire.root import read_root, with_serial_number_1

NAME = "Starfield Services Root Certificate Authority - G2"
ROOTS = [root for roots in kms_authorities().roots.by_subject.values() for root in roots]
ZERO = next(each.public_bytes(Encoding.DER) for each in ROOTS if NAME in each.subject.rfc4514_string())
LOAD = x509.load_der_x509_certificate


@pytest.fixture
def _serial_number_0_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(der: bytes) -> x509.Certificate:
        if with_serial_number_1(der) is not None:
            raise ValueError("serial number 0")
        return LOAD(der)

    monkeypatch.setattr(x509, "load_der_x509_certificate", load)


@pytest.mark.usefixtures("_serial_number_0_is_refused")
def test_a_root_with_serial_number_0_keeps_its_name_and_key_if_cryptography_refuses_it() -> None:
    read = read_root(ZERO)
    assert read.serial_number == 1
    assert NAME in read.subject.rfc4514_string()
    assert root_id_of(read) in kms_authorities().lists_by_root
    assert len(anchors_of([ZERO]).certificates) == sum(map(len, Roots.of([ZERO]).by_subject.values())) == 1


def test_ten_listed_roots_of_2022_have_serial_number_0() -> None:
    ders = [each.public_bytes(Encoding.DER) for each in ROOTS]
    changed = [new for der in ders if (new := with_serial_number_1(der)) is not None]
    assert len(changed) == 10
    assert {LOAD(der).serial_number for der in changed} == {1}


@pytest.mark.parametrize("signer", [issue("Root", ca=True, serial=1), issue("Root", ca=True, serial=2**100)])
def test_another_serial_number_stays(signer: Signer) -> None:
    assert with_serial_number_1(signer.der) is None
    assert read_root(signer.der) == signer.certificate


@given(st.binary(max_size=40))
def test_no_bytes_break_the_search_for_a_serial_number(der: bytes) -> None:
    changed = with_serial_number_1(der)
    assert changed is None or len(changed) == len(der)


@pytest.mark.parametrize("der", [b"", b"\x30", ZERO[:40], b"\x30\x03\x02\x01\x00"])
def test_bytes_that_are_no_certificate_are_an_error(der: bytes) -> None:
    with pytest.raises(ValueError, match="parsing"):
        read_root(der)
