import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.world.dns_answers import Zones, answer_query, zones_of
from probe.world.layout import lay_out
from probe.world.scenario_reader import read_scenario

LONG = "x" * 600


def the_zones() -> Zones:
    document = {
        "regions": {"eu-central-1": "9ms"},
        "key_managers": [{"name": "hsm-1", "rtt": "1ms"}],
        "records": [
            {"name": "_v.xks.example.com", "type": "TXT", "answers": ['a "quoted" text']},
            {"name": "long.example.com", "type": "TXT", "answers": [LONG]},
            {"name": "broken.example.com", "type": "A", "rcode": "SERVFAIL"},
            {"name": "silent.example.com", "type": "A", "silent": True},
        ],
    }
    scenario = read_scenario("mine", document)
    return zones_of(scenario, lay_out(scenario))


def ask(
    name: str, record_type: str, *, over_udp: bool = True, edns: bool = False
) -> dns.message.Message | None:
    query = dns.message.make_query(name, record_type, use_edns=0 if edns else -1, payload=1232)
    answer = answer_query(the_zones(), query.to_wire(), over_udp=over_udp)
    if answer is None:
        return None
    message = dns.message.from_wire(answer)
    assert query.is_response(message)
    return message


@pytest.mark.parametrize(
    ("name", "record_type", "rcode", "text"),
    [
        ("kms.eu-central-1.amazonaws.com", "A", "NOERROR", "10.78.1.11"),
        ("KMS.EU-Central-1.AmazonAWS.com", "A", "NOERROR", "10.78.1.11"),
        ("hsm-1.example.com", "A", "NOERROR", "10.78.4.11"),
        ("_v.xks.example.com", "TXT", "NOERROR", '"a \\"quoted\\" text"'),
        ("hsm-1.example.com", "TXT", "NOERROR", None),
        ("xks.example.com", "A", "NOERROR", None),  # it has a name below it: RFC 8020
        ("myproxy-private.xks.example.com", "A", "NXDOMAIN", None),
        ("broken.example.com", "A", "SERVFAIL", None),
        ("example.org", "A", "REFUSED", None),
    ],
)
def test_answers(name: str, record_type: str, rcode: str, text: str | None) -> None:
    message = ask(name, record_type)
    assert message is not None
    assert dns.rcode.to_text(message.rcode()) == rcode
    assert [item.to_text() for rrset in message.answer for item in rrset] == ([text] if text else [])
    assert bool(message.authority) is (text is None and rcode in {"NOERROR", "NXDOMAIN"})


def test_every_zone_has_a_start_of_authority() -> None:
    message = ask("amazonaws.com", "SOA")
    assert message is not None
    assert message.answer[0].to_text().startswith("amazonaws.com. 300 IN SOA ns.amazonaws.com.")
    assert message.flags & dns.flags.AA


def test_a_silent_name_is_not_answered() -> None:
    assert ask("silent.example.com", "A") is None


def test_an_answer_too_long_for_plain_udp_is_cut_and_whole_elsewhere() -> None:
    cut, extended, whole = (
        ask("long.example.com", "TXT"),
        ask("long.example.com", "TXT", edns=True),
        ask("long.example.com", "TXT", over_udp=False),
    )
    assert cut is not None
    assert extended is not None
    assert whole is not None
    assert (bool(cut.flags & dns.flags.TC), cut.answer) == (True, [])
    for message in (extended, whole):
        assert not message.flags & dns.flags.TC
        assert b"".join(message.answer[0][0].strings) == LONG.encode()


ZONES = the_zones()
QUERY = dns.message.make_query("hsm-1.example.com", "A").to_wire()


@given(st.binary(max_size=100), st.integers(0, len(QUERY)), st.booleans())
def test_any_bytes_are_answered_or_not(data: bytes, kept: int, over_udp: bool) -> None:  # drawn
    for query in (data, QUERY[:kept] + data):
        answer = answer_query(ZONES, query, over_udp=over_udp)
        assert answer is None or len(answer) >= 12
