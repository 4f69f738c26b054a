"""A note if the file with the credential is for another URI path than the one that was used."""

from probe.model.facts import CredentialFacts
from probe.model.text import clean

_MAX_CHARS = 160


def notes(credential: CredentialFacts | None, uri_path: str | None) -> tuple[str, ...]:
    """KMS's console takes the path and the credential from one file, and a proxy may have several of both."""
    of_file = credential.uri_path_of_the_file if credential else None
    if of_file is None or uri_path is None or of_file == uri_path:
        return ()
    file_path, used_path = (clean(path, _MAX_CHARS) for path in (of_file, uri_path))
    is_for = f"the file with the credential is for the URI path {file_path} (its XksProxyUriPath)"
    return (f"{is_for}, but the requests are for {used_path}",)
