"""The table of calls: only such as read, each one that botocore knows."""

import pytest
from botocore.session import Session

from probe.aws.calls import CALLS, READING_VERBS, action


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_a_call_reads_and_exists(service: str, operation: str) -> None:
    assert operation.startswith(READING_VERBS)
    assert operation in Session().get_service_model(service).operation_names
    assert action(service, operation).endswith(f":{operation}")


def test_what_is_not_in_the_table_has_no_action() -> None:
    with pytest.raises(KeyError):
        action("kms", "DeleteCustomKeyStore")
