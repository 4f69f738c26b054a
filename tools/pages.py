"""Writes all generated files: runs all GENERATORS of tools/check_tree.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: import `tools` and this tree, whatever is installed
from tools.check_tree import GENERATORS, generated  # noqa: E402


def main() -> int:
    failed = 0
    for tool in GENERATORS:
        ran = generated(ROOT, tool)
        print(f"{tool}: {'failed' if ran.returncode else 'written'}")
        if ran.returncode:
            failed += 1
            print((ran.stderr or ran.stdout).strip(), file=sys.stderr)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
