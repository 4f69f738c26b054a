"""The note about a credential's file that is for another URI path."""

import pytest

from probe.model.facts import CredentialFacts
from probe.verdicts.credential_path import notes


@pytest.mark.parametrize(
    ("of_file", "used", "is_noted"),
    [
        ("/other/kms/xks/v1", "/kms/xks/v1", True),
        ("/kms/xks/v1/", "/kms/xks/v1", True),
        ("/Kms/xks/v1", "/kms/xks/v1", True),
        ("", "/kms/xks/v1", True),
        ("/kms/xks/v1", "/kms/xks/v1", False),
        (None, "/kms/xks/v1", False),
        ("/other/kms/xks/v1", None, False),
    ],
)
def test_another_path_is_noted(of_file: str | None, used: str | None, *, is_noted: bool) -> None:
    assert bool(notes(CredentialFacts(uri_path_of_the_file=of_file), used)) is is_noted


def test_without_a_credential_there_is_no_note() -> None:
    assert notes(None, "/kms/xks/v1") == ()


def test_the_note_names_both_paths_and_shows_no_control_characters() -> None:
    (note,) = notes(CredentialFacts(uri_path_of_the_file="/a\x1b[31m/kms/xks/v1"), "/b/kms/xks/v1")
    assert "/b/kms/xks/v1" in note
    assert "XksProxyUriPath" in note
    assert note.isprintable()
    (long,) = notes(CredentialFacts(uri_path_of_the_file="/" + "a" * 10_000), "/b/kms/xks/v1")
    assert len(long) < 500


def test_of_a_long_path_160_characters_are_shown() -> None:
    (whole,) = notes(CredentialFacts(uri_path_of_the_file="/" + "a" * 159), "/kms/xks/v1")
    (cut,) = notes(CredentialFacts(uri_path_of_the_file="/" + "b" * 160), "/kms/xks/v1")
    assert "/" + "a" * 159 in whole
    assert "b" * 160 not in cut
