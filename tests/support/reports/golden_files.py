"""Compares output with golden files, or rewrites the files for `make golden`."""

import os
from pathlib import Path

VARIABLE = "XKS_PROBE_GOLDEN"


def check(path: Path, text: str) -> None:
    """``text`` must equal the file at ``path``. With ``XKS_PROBE_GOLDEN=write``, the file is written first.

    If skips are forbidden, as in CI, writing is an error: a test that writes its expected output cannot fail.
    """
    mode = os.environ.get(VARIABLE, "")
    assert mode in ("", "write"), f"{VARIABLE} is {mode!r}; set it to `write`, or unset it"
    if mode == "write":
        assert os.environ.get("XKS_PROBE_FORBID_SKIPS") != "1", f"{VARIABLE}=write is not for CI"
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing; `make golden` writes it"
    assert text == path.read_text(encoding="utf-8"), (
        f"{path.name}: after an intended change, run `make golden`"
    )
