"""The table of calls: all read-only and known to botocore."""

import pytest
from botocore.session import Session

from probe.aws.calls import CALLS, READING_VERBS, action


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_each_call_is_read_only_and_known_to_botocore(service: str, operation: str) -> None:
    assert operation.startswith(READING_VERBS)
    assert operation in Session().get_service_model(service).operation_names
    assert action(service, operation).endswith(f":{operation}")


def test_a_call_that_is_not_in_the_table_raises_a_key_error() -> None:
    with pytest.raises(KeyError):
        action("kms", "DeleteCustomKeyStore")
