"""AES-GCM with bound additional data; the integrity value is compared with the specification's example."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.xks_settings import ExternalKey
from simulator.servers.xks_keys import IV_BYTES, TAG_BYTES, Sealed, integrity_value, seal, unseal

KEY = ExternalKey(id="foo")


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_a_ciphertext_decrypts_only_with_the_same_key_and_additional_data(
    text: bytes, additional: bytes
) -> None:
    sealed = seal(KEY, text, additional)
    assert unseal(KEY, sealed, additional) == text
    assert unseal(KEY, sealed, additional + b"x") is None
    assert unseal(ExternalKey(id="other"), sealed, additional) is None
    assert (len(sealed.ciphertext), len(sealed.iv), len(sealed.tag)) == (len(text), IV_BYTES, TAG_BYTES)


@pytest.mark.parametrize("part", ["ciphertext", "iv", "tag", "metadata"])
def test_a_change_in_any_part_is_detected(part: str) -> None:
    sealed = seal(KEY, b"Hello", b"")
    old = getattr(sealed, part)
    assert unseal(KEY, replace(sealed, **{part: bytes([old[0] ^ 1]) + old[1:]}), b"") is None


def test_metadata_cannot_be_taken_for_additional_data() -> None:
    sealed = seal(KEY, b"Hello", b"")
    assert unseal(KEY, replace(sealed, metadata=b""), sealed.metadata) is None


def test_no_two_encryptions_are_equal() -> None:
    assert seal(KEY, b"Hello", b"").iv != seal(KEY, b"Hello", b"").iv


def test_the_integrity_value_equals_the_example_in_the_specification() -> None:
    sealed = Sealed(
        ciphertext=base64.b64decode("ghxkK1txeDNn3q8Y"),
        iv=base64.b64decode("HMrlRw85cAJUd5Ax"),
        tag=base64.b64decode("vBxN2ncH1oEkR8WVXpmyYQ=="),
        metadata=b"key_version=1",
    )
    value = integrity_value(sealed, b"project=nile,department=marketing")
    assert value == "qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc="
