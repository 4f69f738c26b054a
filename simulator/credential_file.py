"""Writes the proxies' credential as a file, in the format of the KMS console's proxy configuration."""

import json
import os
from pathlib import Path

from simulator.sigv4 import Credential


def write_credential(path: Path, credential: Credential) -> None:
    """Create the file, readable only by its owner from the start. Raises FileExistsError."""
    document = {
        "XksProxyAuthenticationCredential": {
            "AccessKeyId": credential.access_key_id,
            "RawSecretAccessKey": credential.secret_access_key,
        }
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(document, file)
