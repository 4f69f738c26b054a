"""Expected output that is kept in files: compared, or rewritten by `make golden`."""

import os
from pathlib import Path

VARIABLE = "XKS_PROBE_GOLDEN"


def check(path: Path, text: str) -> None:
    """``text`` is what the file at ``path`` holds. With ``XKS_PROBE_GOLDEN=write`` it is made so.

    Where skips are forbidden (CI) nothing is written: a test that writes what it expects shows nothing.
    """
    wanted = os.environ.get(VARIABLE, "")
    assert wanted in ("", "write"), f"{VARIABLE} is {wanted!r}; write it as `write`, or leave it out"
    if wanted == "write":
        assert os.environ.get("XKS_PROBE_FORBID_SKIPS") != "1", f"{VARIABLE}=write is not for CI"
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing; `make golden` writes it"
    assert text == path.read_text(encoding="utf-8"), (
        f"{path.name}: after an intended change, run `make golden`"
    )
