"""Notices that the proxy's credential has changed: in its file, or in the secret that holds it."""

from collections.abc import Callable

from probe.signing.credential import Credential


class WatchedCredential:
    """Reads a credential again when its ``version`` changes: such as the file's inode and time of change.

    ``load`` and ``version`` block, and may raise InputError.
    """

    def __init__(self, load: Callable[[], Credential | None], version: Callable[[], object]) -> None:
        self._load, self._version = load, version
        self._seen = version()
        self._last: Credential | None = None

    def changed(self) -> Credential | None:
        """The new credential; None while it is unchanged.

        Raises InputError for one that cannot be used: once, until it changes again.
        """
        seen = self._version()
        if seen == self._seen:
            return None
        self._seen = seen
        found = self._load()
        if found is None or found.is_same_as(self._last):
            return None
        self._last = found
        return found
