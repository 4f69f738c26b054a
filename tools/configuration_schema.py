"""Writes docs/schemas/configuration.json from the configuration models; ``--check`` only compares."""

import json
import sys
from pathlib import Path

from probe.config.schema import json_schema

SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "schemas" / "configuration.json"


def text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    if "--check" not in sys.argv[1:]:
        SCHEMA.write_text(text(), encoding="utf-8")
        return 0
    if SCHEMA.exists() and SCHEMA.read_text(encoding="utf-8") == text():
        return 0
    print("docs/schemas/configuration.json is out of date; run: python tools/configuration_schema.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
