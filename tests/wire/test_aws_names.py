"""Valid and invalid names of Regions, accounts, key stores, keys and secrets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.aws_names import ACCOUNT_ID, EXTERNAL_KEY_ID, KEY_STORE_ID, REGION, SECRET_ARN

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:xks/proxy-AbCdEf"


@pytest.mark.parametrize(
    ("pattern", "text", "is_valid"),
    [
        (REGION, "eu-central-1", True),
        (REGION, "us-gov-west-1", True),
        (REGION, "eu-central", False),
        (REGION, "eu-west-1.evil.example", False),
        (REGION, "eu-west-1\n", False),
        (ACCOUNT_ID, "111122223333", True),
        (ACCOUNT_ID, "11112222333", False),
        (ACCOUNT_ID, "١١١١٢٢٢٢٣٣٣٣", False),
        (KEY_STORE_ID, "cks-1234567890abcdef0", True),
        (KEY_STORE_ID, "cks-", False),
        (EXTERNAL_KEY_ID, "a" * 128, True),
        (EXTERNAL_KEY_ID, "a" * 129, False),
        (EXTERNAL_KEY_ID, "a/b", False),
        (SECRET_ARN, ARN, True),
        (SECRET_ARN, ARN.replace("aws:", "aws-us-gov:", 1), True),
        (SECRET_ARN, ARN.replace("secretsmanager", "s3"), False),
        (SECRET_ARN, ARN + " ", False),
    ],
)
def test_only_well_formed_names_match_their_pattern(
    pattern: re.Pattern[str], text: str, *, is_valid: bool
) -> None:
    assert (pattern.fullmatch(text) is not None) is is_valid


def test_the_region_of_a_secret_is_group_1_of_its_arn() -> None:
    found = SECRET_ARN.fullmatch(ARN)
    assert found is not None
    assert found[1] == "eu-west-1"


@given(st.text(max_size=80))
def test_only_printable_ascii_without_spaces_matches(text: str) -> None:
    for pattern in (ACCOUNT_ID, EXTERNAL_KEY_ID, KEY_STORE_ID, REGION, SECRET_ARN):
        if pattern.fullmatch(text):
            assert text.isascii()
            assert text.isprintable()
            assert " " not in text
