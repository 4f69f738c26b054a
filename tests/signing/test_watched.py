"""A changed credential is noticed once; one that cannot be used is an error once."""

import pytest

from probe.signing.credential import Credential
from probe.signing.watched import WatchedCredential
from probe.wire.input_error import InputError

FIRST, SECOND = Credential("A" * 20, "first"), Credential("A" * 20, "second")


class File:
    """A file with a credential, or without a usable one."""

    def __init__(self) -> None:
        self.version, self.content = 1, FIRST
        self.is_broken = False
        self.reads = 0

    def load(self) -> Credential:
        self.reads += 1
        if self.is_broken:
            raise InputError(("broken",))
        return self.content


def test_an_unchanged_file_is_not_read() -> None:
    file = File()
    watched = WatchedCredential(file.load, lambda: file.version)
    assert watched.changed() is None
    assert file.reads == 0


def test_a_changed_file_is_read_once_and_one_with_the_same_credential_is_no_change() -> None:
    file = File()
    watched = WatchedCredential(file.load, lambda: file.version)
    file.version, file.content = 2, SECOND
    assert watched.changed() is SECOND
    assert watched.changed() is None
    file.version, file.content = 3, Credential("A" * 20, "second")
    assert watched.changed() is None
    assert file.reads == 2


def test_a_credential_that_cannot_be_used_is_an_error_until_the_file_changes_again() -> None:
    file = File()
    watched = WatchedCredential(file.load, lambda: file.version)
    file.version, file.is_broken = 2, True
    with pytest.raises(InputError):
        watched.changed()
    assert watched.changed() is None
    file.version, file.content, file.is_broken = 3, SECOND, False
    assert watched.changed() is SECOND
