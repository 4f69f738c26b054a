"""What a scenario may have as records: such as a zone file could."""

import pytest

from simulator.scenario.dns_records import fault_of
from simulator.scenario.scenario import Record


@pytest.mark.parametrize(
    ("record_type", "answers", "is_fine"),
    [
        ("A", ("10.0.0.1",), True),
        ("A", ("10.0.0.256",), False),
        ("NS", ("ns.example.com",), True),
        ("MX", ("10 mail.example.com",), True),
        ("MX", ("mail.example.com",), False),
        ("TXT", ('"; any \\ text', "x" * 600), True),
        ("ODD", (), False),
    ],
)
def test_a_record_can_be_an_answer_or_says_what_to_do(
    record_type: str, answers: tuple[str, ...], is_fine: bool
) -> None:  # a column of the table
    fault = fault_of(Record(name="x", record_type=record_type, answers=answers))
    words = f"write answers as a zone file has them for type {record_type}"
    assert fault == (None if is_fine else words)
