"""The program `openssl verify`, as another opinion about a chain."""

import shutil
import ssl
import subprocess
from pathlib import Path

from support.tls.path_cases import NOW_S, Chain

OPENSSL = shutil.which("openssl")


def openssl_accepts(chain: Chain, directory: Path, options: tuple[str, ...] = ()) -> bool:
    leaf, others, root = (directory / name for name in ("leaf.pem", "others.pem", "root.pem"))
    leaf.write_text(ssl.DER_cert_to_PEM_cert(chain.sent[0]))
    others.write_text("".join(map(ssl.DER_cert_to_PEM_cert, chain.sent[1:])))
    root.write_text(ssl.DER_cert_to_PEM_cert(chain.root))
    command = [
        *(str(OPENSSL), "verify", "-purpose", "sslserver", "-partial_chain", "-attime", str(NOW_S)),
        *options,
        *("-CAfile", str(root), *(("-untrusted", str(others)) if chain.sent[1:] else ()), str(leaf)),
    ]
    return subprocess.run(command, capture_output=True, timeout=250, check=False).returncode == 0
