from pathlib import Path

import pytest

from simulator import faults
from simulator.faults import Fault

FORMAT = Path(faults.__file__).parent / "scenarios" / "default.yaml"
GROUPS = (faults.REACHABILITY, faults.HANDSHAKE, faults.CERTIFICATE, faults.ANSWER)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_in_exactly_one_group(fault: Fault) -> None:
    assert sum(group.count(fault) for group in GROUPS) == 1


def test_the_first_fault_of_each_group_means_no_fault() -> None:
    assert [group[0] for group in GROUPS] == ["alive", "tls-good", "good", "healthy"]


def test_the_groups_have_names_for_people() -> None:
    assert tuple(faults.FAULT_GROUPS.values()) == GROUPS


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.TLS_GOOD])
def test_every_fault_is_in_the_documented_format(fault: Fault) -> None:
    """All except `tls-good`, which is only set in a running simulation; a file omits the fault instead."""
    comments = [line for line in FORMAT.read_text("utf-8").splitlines() if line.startswith("#")]
    words = " ".join(comments).replace(",", " ").replace(".", " ").replace("tls-1 ", "tls-1.").split()
    assert fault in words
