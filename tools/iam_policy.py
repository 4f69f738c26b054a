"""Write deploy/aws/iam-policy.json from the calls that the audit makes: no action that is not called.

::

    python tools/iam_policy.py            # write it
    python tools/iam_policy.py --check    # exit 1 if it is out of date

REGION stands for the key store's Region. `sts:GetCallerIdentity` needs no permission.
"""

import argparse
import json
import sys
from pathlib import Path

from probe.aws.calls import CALLS, READING_VERBS, action

POLICY = Path(__file__).parents[1] / "deploy" / "aws" / "iam-policy.json"
_NEED_NONE = {"sts:GetCallerIdentity"}


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    check = arguments.parse_args().check
    text = json.dumps(policy(), indent=2) + "\n"
    if check:
        is_current = POLICY.exists() and POLICY.read_text(encoding="utf-8") == text
        print(f"{POLICY.name} is up to date" if is_current else f"{POLICY.name}: run tools/iam_policy.py")
        return int(not is_current)
    POLICY.write_text(text, encoding="utf-8")
    return 0


def actions() -> list[str]:
    """Those that need a permission, sorted."""
    found = {action(service, operation) for service, operation in CALLS} - _NEED_NONE
    for each in found:
        if not each.partition(":")[2].startswith(READING_VERBS):
            raise ValueError(f"{each} does not only read")
    return sorted(found)


def policy() -> dict[str, object]:
    """What the agent's role needs: to read, in one Region. No action here can be limited to resources."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "XksProbeReads",
                "Effect": "Allow",
                "Action": actions(),
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": "REGION"}},
            }
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
