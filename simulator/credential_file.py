"""The proxies' credential as a file, in the form of the proxy configuration that KMS's console takes."""

import json
import os
from pathlib import Path

from simulator.sigv4 import Credential


def write_credential(path: Path, credential: Credential) -> None:
    """Make the file, which nobody but its owner can read at any moment. Raises FileExistsError."""
    document = {
        "XksProxyAuthenticationCredential": {
            "AccessKeyId": credential.access_key_id,
            "RawSecretAccessKey": credential.secret_access_key,
        }
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(document, file)
