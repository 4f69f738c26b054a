"""Write deploy/aws/iam-policy*.json from the calls that are made: no action that is not called.

::

    python tools/iam_policy.py            # write it
    python tools/iam_policy.py --check    # exit 1 if it is out of date

REGION stands for the key store's Region. `sts:GetCallerIdentity` needs no permission.
What `--credential-secret` needs is apart: ACCOUNT and NAME stand for the one secret.
deploy/aws/README.md tells users what to replace.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from probe.aws.calls import CALLS, OF_THE_SECRET, READING_VERBS, action  # noqa: E402
from tools.generated_files import write_or_check  # noqa: E402

_FOLDER = ROOT / "deploy" / "aws"
_NEED_NONE = {"sts:GetCallerIdentity"}


def main() -> int:
    documents = {"iam-policy.json": policy(), "iam-policy-secret.json": of_the_secret()}
    files = {_FOLDER / name: json.dumps(document, indent=2) + "\n" for name, document in documents.items()}
    return write_or_check("iam_policy.py", (__doc__ or "").splitlines()[0], files)


def actions() -> list[str]:
    """Those that need a permission, sorted."""
    found = {action(service, operation) for service, operation in CALLS} - _NEED_NONE
    for each in found:
        if not each.partition(":")[2].startswith(READING_VERBS):
            raise ValueError(f"{each} does not only read")
    return sorted(found)


def policy() -> dict[str, object]:
    """What the agent's role needs: to read, in one Region. No action here can be limited to resources."""
    statement: dict[str, object] = {
        "Sid": "XksProbeReads",
        "Effect": "Allow",
        "Action": actions(),
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "REGION"}},
    }
    return _document(statement)


def of_the_secret() -> dict[str, object]:
    """One secret to be read. One under a customer's key needs that key's kms:Decrypt, too."""
    return _document(
        {
            "Sid": "XksProbeReadsItsCredential",
            "Effect": "Allow",
            "Action": [":".join(OF_THE_SECRET)],
            "Resource": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-??????",
        }
    )


def _document(statement: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [statement]}


if __name__ == "__main__":
    sys.exit(main())
