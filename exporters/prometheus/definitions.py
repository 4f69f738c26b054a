"""Every metric: its name, type, labels and help. An interface: extend it, rename nothing.

Names lack the prefix ``xksprobe_`` here. `docs/metrics.md` is generated from ``DEFINITIONS``.
"""

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "xksprobe_"

# From a LAN to the far side of the globe. 0.035 and 0.25 must be there exactly: AWS's limits for a round trip
# and for a whole proxy call, so that the share within them is a ratio of two counters and no interpolation.
BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03),
    *(0.035, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5),
)


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. ``help`` says when a sample is not written, where that is not plain."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def full_name(self) -> str:
        """As it is scraped, without the suffixes of a histogram."""
        return PREFIX + self.name


BUILD_INFO = Definition("build_info", Kind.INFO, ("version",), "The running version.")
TARGET_INFO = Definition(
    "target_info",
    Kind.INFO,
    ("target", "role", "key_store", "target_zone", "address", "target_region"),
    "What a target is. address is empty for Regions, whose addresses rotate, and until a name has resolved.",
)
REQUIREMENT_INFO = Definition(
    "requirement_info", Kind.INFO, ("requirement", "level"), "The catalogue of requirements."
)
PROBE_INTERVAL = Definition(
    "probe_interval_seconds", Kind.GAUGE, ("target", "check"), "How often a target is checked."
)
PROBES = Definition(
    "probes_total",
    Kind.COUNTER,
    ("target", "check"),
    "Probes that ended, answered or not: the denominator of every ratio. Of requests to a proxy only those"
    " for health count, and none that was withheld.",
)
PROBE_FAILURES = Definition(
    "probe_failures_total",
    Kind.COUNTER,
    ("target", "check", "reason"),
    "Probes that ended in a failure of the network. The sum over reasons is all failures.",
)
LAST_ATTEMPT = Definition(
    "last_attempt_timestamp_seconds",
    Kind.GAUGE,
    ("target", "check"),
    "When the newest ended probe started, Unix time. Absent before the first.",
)
LAST_SUCCESS = Definition(
    "last_success_timestamp_seconds",
    Kind.GAUGE,
    ("target", "check"),
    "When the newest successful probe started, Unix time. Absent before the first.",
)
RTT = Definition(
    "rtt_seconds",
    Kind.HISTOGRAM,
    ("target", "ip", "method"),
    "Round-trip times of ICMP echoes and TCP connects. Unanswered probes are not in it: divide by"
    " xksprobe_probes_total. ip is empty for Regions.",
)
PHASE_DURATION = Definition(
    "phase_duration_seconds",
    Kind.HISTOGRAM,
    ("target", "check", "phase"),
    "Durations of completed phases; disjoint. Round trips of the checks icmp and tcp are in"
    " xksprobe_rtt_seconds alone.",
)
PACKETS_SENT = Definition(
    "packets_sent_total",
    Kind.COUNTER,
    ("target",),
    "Echo requests that ended: answered, failed or timed out.",
)
PACKETS_RECEIVED = Definition(
    "packets_received_total", Kind.COUNTER, ("target",), "First echo replies that arrived in time."
)
PACKETS_DUPLICATES = Definition(
    "packets_duplicates_total",
    Kind.COUNTER,
    ("target",),
    "Echo replies to a request that was answered already.",
)
PACKETS_LATE = Definition(
    "packets_late_total", Kind.COUNTER, ("target",), "Echo replies to a request that had timed out."
)
TCP_RETRANSMITS = Definition(
    "tcp_retransmits_total", Kind.COUNTER, ("target",), "Segments sent again by the kernel while connecting."
)
SAMPLES = Definition(
    "samples_total",
    Kind.COUNTER,
    ("timestamps",),
    "Timed samples by who stamped them. Unanswered probes have no stamp and are not in it.",
)
TURNS_SKIPPED = Definition(
    "turns_skipped_total",
    Kind.COUNTER,
    ("target", "check"),
    "Turns given up because the one before still ran: overruns are counted, never caught up.",
)
CERTIFICATE_NOT_AFTER = Definition(
    "certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    ("target", "ip", "position"),
    "When a certificate of the newest chain expires, Unix time; position 0 is the leaf. Present also when"
    " verification failed, absent when the newest handshake showed no chain.",
)
CERTIFICATE_INFO = Definition(
    "certificate_info",
    Kind.INFO,
    ("target", "ip", "position", "subject_cn", "issuer_cn", "sha256"),
    "Certificates of the newest chain. Names are escaped and cut at 128 characters.",
)
REQUEST_DURATION = Definition(
    "request_duration_seconds",
    Kind.HISTOGRAM,
    ("target", "mode"),
    "What KMS would have waited for an answered health request: the sum of its phases without resolve. cold"
    " opens a connection, warm finds it open. KMS gives a call 0.25 s.",
)
HEALTH_ANSWERS = Definition(
    "health_answers_total",
    Kind.COUNTER,
    ("target", "mode", "code"),
    "Whole answers to health requests by HTTP status. The codes are a closed set that starts at 0, so that"
    " rate() sees the first refusal; it is kept small: what the proxy API's specification and the usual front"
    " ends say (200, 400, 401, 403, 404, 405, 429, 500, 501, 502, 503, 504), and other for the rest.",
)
KEY_MANAGERS = Definition(
    "key_managers",
    Kind.GAUGE,
    ("target", "state"),
    "Key managers by state in the newest answer of the proxy that named any. Absent before the first.",
)
CLOCK_OFFSET = Definition(
    "proxy_clock_offset_seconds",
    Kind.GAUGE,
    ("target",),
    "The proxy's clock minus this machine's, to the second, in the newest answer that had a date. Absent"
    " before the first.",
)
REQUIREMENT_OUTCOME = Definition(
    "requirement_outcome",
    Kind.GAUGE,
    ("key_store", "requirement", "subject", "outcome"),
    "1 for the outcome of a requirement's newest verdict, 0 for the others; of each key store and requirement"
    " the worst 64 subjects.",
)
KMS_ERROR_PREDICTED = Definition(
    "kms_error_predicted",
    Kind.GAUGE,
    ("key_store", "operation", "error", "likelihood"),
    "1 for an error that KMS would (expected) or may (possible) give now, else 0. 0 also for an error that an"
    " earlier fault masks.",
)
KMS_PREDICTION_DECIDED = Definition(
    "kms_prediction_decided",
    Kind.GAUGE,
    ("key_store", "operation"),
    "1 when every required requirement of the operation is known, else 0.",
)
EXTRA_AUTHORITIES = Definition(
    "extra_authorities",
    Kind.GAUGE,
    (),
    "Root certificates that this agent trusts and KMS does not have. Absent before the first report.",
)
SURVEY_RTT = Definition(
    "survey_rtt_seconds",
    Kind.GAUGE,
    ("target_region", "statistic"),
    "Round trips to a candidate Region in the newest survey. A statistic with too few samples is absent.",
)
SURVEY_WITHIN_THRESHOLD = Definition(
    "survey_within_threshold",
    Kind.GAUGE,
    ("target_region",),
    "1 when the Region is within the threshold, 0 when it is not; absent while undecided or unreachable.",
)
EVENT_LOOP_LAG = Definition(
    "event_loop_lag_seconds", Kind.HISTOGRAM, (), "How late this program's event loop woke: its own health."
)
SCHEDULING_DELAY = Definition(
    "scheduling_delay_seconds", Kind.HISTOGRAM, (), "How late probes started after their turn."
)
USER_MINUS_KERNEL = Definition(
    "user_minus_kernel_seconds",
    Kind.HISTOGRAM,
    (),
    "How much longer an echo looked to this program than to the kernel: what own stamps would have added.",
)
PACKETS_DISCARDED = Definition(
    "packets_discarded_total", Kind.COUNTER, (), "ICMP packets that answered none of our requests."
)
RECEIVE_QUEUE_DROPS = Definition(
    "receive_queue_drops_total",
    Kind.COUNTER,
    (),
    "Packets that our own full receive queue lost: never counted as lost by the network.",
)
CLOCK_STEP_DISCARDS = Definition(
    "clock_step_discards_total", Kind.COUNTER, (), "Echoes whose time a step of the wall clock spoilt."
)
CONFIG_RELOAD_SUCCESSFUL = Definition(
    "config_last_reload_successful", Kind.GAUGE, (), "Whether the newest load of the configuration succeeded."
)
CONFIG_RELOAD_TIMESTAMP = Definition(
    "config_last_reload_success_timestamp_seconds",
    Kind.GAUGE,
    (),
    "When the configuration was last loaded with success, Unix time.",
)

DEFINITIONS = (
    *(BUILD_INFO, TARGET_INFO, REQUIREMENT_INFO, PROBE_INTERVAL),
    *(PROBES, PROBE_FAILURES, LAST_ATTEMPT, LAST_SUCCESS, RTT, PHASE_DURATION),
    *(PACKETS_SENT, PACKETS_RECEIVED, PACKETS_DUPLICATES, PACKETS_LATE, TCP_RETRANSMITS, SAMPLES),
    *(TURNS_SKIPPED, CERTIFICATE_NOT_AFTER, CERTIFICATE_INFO),
    *(REQUEST_DURATION, HEALTH_ANSWERS, KEY_MANAGERS, CLOCK_OFFSET),
    *(REQUIREMENT_OUTCOME, KMS_ERROR_PREDICTED, KMS_PREDICTION_DECIDED, EXTRA_AUTHORITIES),
    *(SURVEY_RTT, SURVEY_WITHIN_THRESHOLD),
    *(EVENT_LOOP_LAG, SCHEDULING_DELAY, USER_MINUS_KERNEL),
    *(PACKETS_DISCARDED, RECEIVE_QUEUE_DROPS, CLOCK_STEP_DISCARDS),
    *(CONFIG_RELOAD_SUCCESSFUL, CONFIG_RELOAD_TIMESTAMP),
)
