"""Every metric: its name, type, labels and help. The names are a public interface: add, but never rename.

Names here lack the prefix ``xksprobe_``. `docs/metrics.md` is generated from ``DEFINITIONS``.
"""

from dataclasses import dataclass
from enum import StrEnum

from probe.model import statistics

PREFIX = "xksprobe_"

BOUNDS_S = statistics.BOUNDS_S


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. ``help`` also states when the metric has no sample, unless that is obvious."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def full_name(self) -> str:
        """The name in a scrape, without the suffixes of a histogram."""
        return PREFIX + self.name


BUILD_INFO = Definition("build_info", Kind.INFO, ("version",), "The running version.")
TARGET_INFO = Definition(
    "target_info",
    Kind.INFO,
    ("target", "role", "key_store", "target_zone", "address", "target_region", "vantage"),
    "Properties of a target. address is empty for Regions, because their addresses rotate, and until the name"
    " is resolved. vantage is where this agent probes from, as configured.",
)
REQUIREMENT_INFO = Definition(
    "requirement_info", Kind.INFO, ("requirement", "level"), "Level of each requirement."
)
PROBE_INTERVAL = Definition(
    "probe_interval_seconds", Kind.GAUGE, ("target", "check"), "Interval between two probes of a target."
)
PROBES = Definition(
    "probes_total",
    Kind.COUNTER,
    ("target", "check"),
    "Completed probes, successful or not. Use as the denominator of failure ratios. Of the requests to a"
    " proxy, only health requests are counted, and only if they were sent.",
)
PROBE_FAILURES = Definition(
    "probe_failures_total",
    Kind.COUNTER,
    ("target", "check", "reason"),
    "Failed probes by reason. Sum over reason for the total.",
)
LAST_ATTEMPT = Definition(
    "last_attempt_timestamp_seconds",
    Kind.GAUGE,
    ("target", "check"),
    "Start time of the last completed probe (Unix time). Absent before the first.",
)
LAST_SUCCESS = Definition(
    "last_success_timestamp_seconds",
    Kind.GAUGE,
    ("target", "check"),
    "Start time of the last successful probe (Unix time). Absent before the first.",
)
RTT = Definition(
    "rtt_seconds",
    Kind.HISTOGRAM,
    ("target", "ip", "method"),
    "Round-trip times of pings and TCP connects. Unanswered probes are not included: for loss, divide by"
    " xksprobe_probes_total. ip is empty for Regions.",
)
PHASE_DURATION = Definition(
    "phase_duration_seconds",
    Kind.HISTOGRAM,
    ("target", "check", "phase"),
    "Duration of each completed phase; phases do not overlap. ICMP and TCP round trips are only in"
    " xksprobe_rtt_seconds.",
)
PACKETS_SENT = Definition(
    "packets_sent_total",
    Kind.COUNTER,
    ("target",),
    "Pings completed: answered, failed or timed out.",
)
PACKETS_RECEIVED = Definition(
    "packets_received_total", Kind.COUNTER, ("target",), "Pings answered within the timeout."
)
PACKETS_DUPLICATES = Definition(
    "packets_duplicates_total",
    Kind.COUNTER,
    ("target",),
    "Duplicate echo replies.",
)
PACKETS_LATE = Definition(
    "packets_late_total", Kind.COUNTER, ("target",), "Echo replies that arrived after the timeout."
)
TCP_RETRANSMITS = Definition(
    "tcp_retransmits_total",
    Kind.COUNTER,
    ("target",),
    "TCP segments that the kernel retransmitted while connecting.",
)
SAMPLES = Definition(
    "samples_total",
    Kind.COUNTER,
    ("timestamps",),
    "Samples by timestamp source: kernel, kernel-rx (kernel timestamp on receive only) or user (user space)."
    " Unanswered probes are not included.",
)
PROBES_DISCARDED = Definition(
    "probes_discarded_total",
    Kind.COUNTER,
    ("target", "check"),
    "Probes whose timeout passed while this agent was stalled for more than 50 ms. They are neither in"
    " xksprobe_probes_total nor failures, because a response may have come in time. For icmp only the"
    " resolution of a name counts, because the kernel timestamps the replies.",
)
TURNS_SKIPPED = Definition(
    "turns_skipped_total",
    Kind.COUNTER,
    ("target", "check"),
    "Scheduled probes skipped because the previous one was still running, or because this agent was late by"
    " more than an interval (its event loop was stalled). Skipped probes are not made up.",
)
CERTIFICATE_NOT_BEFORE = Definition(
    "certificate_not_before_timestamp_seconds",
    Kind.GAUGE,
    ("target", "ip", "position"),
    "Start of validity of each certificate in xksprobe_certificate_not_after_timestamp_seconds (Unix time).",
)
CERTIFICATE_NOT_AFTER = Definition(
    "certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    ("target", "ip", "position"),
    "Expiry of each certificate in the last chain received (Unix time); position 0 is the server's own."
    " Certificates that do not belong to the path to a root are left out. Also present if the path is"
    " invalid; absent if the last handshake returned no chain.",
)
CERTIFICATE_INFO = Definition(
    "certificate_info",
    Kind.INFO,
    ("target", "ip", "position", "subject_cn", "issuer_cn", "sha256"),
    "Certificates in the last chain received. Names are escaped and cut to 128 characters.",
)
REQUEST_DURATION = Definition(
    "request_duration_seconds",
    Kind.HISTOGRAM,
    ("target", "mode"),
    "Time KMS would have waited for the response to a health request: the sum of all phases except resolve."
    " cold: on a new connection; warm: on an open one. KMS times out after 0.25 s.",
)
HEALTH_ANSWERS = Definition(
    "health_answers_total",
    Kind.COUNTER,
    ("target", "mode", "code"),
    "Complete responses to health requests by HTTP status. code is one of 200, 400, 401, 403, 404, 405, 429,"
    " 500, 501, 502, 503, 504 (the statuses that the proxy API specification and the usual load balancers"
    " define), or other. All are initialised to 0.",
)
KEY_MANAGERS = Definition(
    "key_managers",
    Kind.GAUGE,
    ("target", "state"),
    "Key managers by state, from the last response of the proxy that listed any. Absent before the first.",
)
CLOCK_OFFSET = Definition(
    "proxy_clock_offset_seconds",
    Kind.GAUGE,
    ("target",),
    "The proxy's clock minus this machine's, in whole seconds, from the last response with a Date header."
    " Absent before the first.",
)
REQUIREMENT_OUTCOME = Definition(
    "requirement_outcome",
    Kind.GAUGE,
    ("key_store", "requirement", "subject", "outcome"),
    "1 for the current outcome of a requirement, 0 for the other outcomes. Of more than 64 subjects per key"
    " store and requirement, only the 64 worst are included.",
)
KMS_ERROR_PREDICTED = Definition(
    "kms_error_predicted",
    Kind.GAUGE,
    ("key_store", "operation", "error", "likelihood"),
    "1 if KMS would return this error now (expected) or might (possible), else 0. Also 0 if an earlier error"
    " would be returned instead.",
)
KMS_PREDICTION_DECIDED = Definition(
    "kms_prediction_decided",
    Kind.GAUGE,
    ("key_store", "operation"),
    "1 if no unknown requirement could change the prediction, else 0.",
)
PREDICTION_AGREES = Definition(
    "prediction_agrees",
    Kind.GAUGE,
    ("key_store",),
    "1 if the state that KMS reports matches the prediction for ConnectCustomKeyStore, 0 if not. Absent while"
    " they cannot be compared.",
)
KEY_STORE_CONNECTION_STATE = Definition(
    "key_store_connection_state",
    Kind.GAUGE,
    ("key_store", "state"),
    "1 for the connection state that KMS reports, 0 for the others. All 0 while it is not known.",
)
KEY_STORE_CONNECTION_ERROR = Definition(
    "key_store_connection_error",
    Kind.GAUGE,
    ("key_store", "error"),
    "1 for the ConnectionErrorCode that KMS reports, 0 for the others. All 0 if it reports none.",
)
KMS_PROXY_LATENCY = Definition(
    "kms_proxy_latency_seconds",
    Kind.GAUGE,
    ("key_store", "statistic"),
    "How long the proxy took to answer KMS, as KMS measured it: the newest five minutes in CloudWatch, if"
    " they are at most an hour old. p99 is that of the slowest operation. A timeout counts as 0.25 s."
    " Absent while unknown.",
)
KMS_PROXY_ERRORS = Definition(
    "kms_proxy_errors",
    Kind.GAUGE,
    ("key_store", "exception"),
    "Requests of KMS to the proxy that failed, as KMS counted them: the sum of the last hour in CloudWatch,"
    " by exception. Absent while unknown.",
)
AWS_TARGET_HEALTH = Definition(
    "aws_target_health",
    Kind.GAUGE,
    ("target", "state"),
    "1 for the state that the load balancer reports for a target registered behind it, 0 for the others.",
)
DNS_RECORD_STATE = Definition(
    "dns_record_state",
    Kind.GAUGE,
    ("key_store", "view", "state"),
    "Number of queries for the verification record of the private DNS name in the last lookup, by kind of"
    " name server (view) and result (state).",
)
AWS_CALLS = Definition(
    "aws_calls_total", Kind.COUNTER, ("call",), "AWS calls by IAM action; retries not counted."
)
AWS_CALL_FAILURES = Definition(
    "aws_call_failures_total",
    Kind.COUNTER,
    ("call", "reason"),
    "Failed AWS calls by IAM action and reason. All are initialised to 0.",
)
AUDIT_LAST_SUCCESS = Definition(
    "audit_last_success_timestamp_seconds",
    Kind.GAUGE,
    ("key_store",),
    "When an audit last read the key stores or the endpoint services (Unix time). Absent before the first.",
)
EVIDENCE_AGE = Definition(
    "evidence_age_seconds",
    Kind.GAUGE,
    ("key_store", "source"),
    "Age of the oldest data in use, by source: account (AWS) or verification_record (DNS). Data that cannot"
    " be read again is used for 15 minutes. Absent while there is none.",
)
REPORT_TIMESTAMP = Definition(
    "report_timestamp_seconds",
    Kind.GAUGE,
    (),
    "Time of the latest report (Unix time). With several key stores: of the one whose latest report is the"
    " oldest. Absent before the first report.",
)
EXTRA_AUTHORITIES = Definition(
    "extra_authorities",
    Kind.GAUGE,
    (),
    "Root certificates that this agent trusts but KMS does not. Absent before the first report.",
)
SURVEY_RTT = Definition(
    "survey_rtt_seconds",
    Kind.GAUGE,
    ("target_region", "statistic"),
    "Round-trip time to a candidate Region in the latest survey. Statistics that need more samples are"
    " absent.",
)
SURVEY_WITHIN_THRESHOLD = Definition(
    "survey_within_threshold",
    Kind.GAUGE,
    ("target_region",),
    "1 if the Region is within the threshold, 0 if not; absent while undecided or unreachable.",
)
SURVEY_RECOMMENDED = Definition(
    "survey_recommended",
    Kind.GAUGE,
    ("target_region",),
    "1 for the Region that the latest survey recommends: of those within the threshold, the one with the"
    " shortest median. 0 for the other candidates; all 0 while none is known to be within the threshold.",
)
EVENT_LOOP_LAG = Definition("event_loop_lag_seconds", Kind.HISTOGRAM, (), "Delay of the event loop.")
SCHEDULING_DELAY = Definition(
    "scheduling_delay_seconds", Kind.HISTOGRAM, (), "Delay between a probe's scheduled and actual start."
)
USER_MINUS_KERNEL = Definition(
    "user_minus_kernel_seconds",
    Kind.HISTOGRAM,
    (),
    "User-space minus kernel RTT of the same ping: the error that user-space timestamps would have added.",
)
PACKETS_DISCARDED = Definition(
    "packets_discarded_total", Kind.COUNTER, (), "ICMP packets that matched no request."
)
RECEIVE_QUEUE_DROPS = Definition(
    "receive_queue_drops_total",
    Kind.COUNTER,
    (),
    "Packets dropped because this agent's own receive queue was full; they do not count as network loss.",
)
CLOCK_STEP_DISCARDS = Definition(
    "clock_step_discards_total", Kind.COUNTER, (), "RTT samples discarded because the wall clock was stepped."
)
CONFIG_RELOAD_SUCCESSFUL = Definition(
    "config_last_reload_successful",
    Kind.GAUGE,
    (),
    "1 if the last load of the configuration succeeded, else 0.",
)
CONFIG_RELOAD_TIMESTAMP = Definition(
    "config_last_reload_success_timestamp_seconds",
    Kind.GAUGE,
    (),
    "Time of the last successful load of the configuration (Unix time).",
)
HISTORY_BYTES = Definition(
    "history_bytes",
    Kind.GAUGE,
    (),
    "Size of the history file with its write-ahead log. Absent while there is no history.",
)
HISTORY_LIMIT_BYTES = Definition(
    "history_limit_bytes",
    Kind.GAUGE,
    (),
    "Configured maximum size of the history. Absent if no history is configured; present without"
    " xksprobe_history_bytes while the file cannot be written.",
)
HISTORY_OLDEST = Definition(
    "history_oldest_timestamp_seconds",
    Kind.GAUGE,
    (),
    "Time of the oldest result in the history (Unix time). Absent while it is empty.",
)
HISTORY_DROPPED_ROWS = Definition(
    "history_dropped_rows_total",
    Kind.COUNTER,
    (),
    "Results that are missing in the history, because the file could not be written for longer than memory"
    " holds them. Absent if no history is configured.",
)
WEB_REQUESTS = Definition(
    "web_requests_total",
    Kind.COUNTER,
    ("path", "code"),
    "Responses of this agent's web server by path and HTTP status. path is a route or other; code is one of"
    " 200, 400, 403, 404, 405, 421, 500, 503, 504, or other. All are initialised to 0. Malformed requests"
    " have no path and are not included.",
)
WEB_REJECTED = Definition(
    "web_rejected_total",
    Kind.COUNTER,
    ("reason",),
    "Requests that this agent's web server did not process: malformed; wrong_host (Host header, as in DNS"
    " rebinding); other_origin (a reload requested by a page of another site); not_enabled (a reload without"
    " --web.enable-lifecycle); too_many_connections (closed without a response).",
)

DEFINITIONS = (
    *(BUILD_INFO, TARGET_INFO, REQUIREMENT_INFO, PROBE_INTERVAL),
    *(PROBES, PROBE_FAILURES, LAST_ATTEMPT, LAST_SUCCESS, RTT, PHASE_DURATION),
    *(PACKETS_SENT, PACKETS_RECEIVED, PACKETS_DUPLICATES, PACKETS_LATE, TCP_RETRANSMITS, SAMPLES),
    *(PROBES_DISCARDED, TURNS_SKIPPED, CERTIFICATE_NOT_BEFORE, CERTIFICATE_NOT_AFTER, CERTIFICATE_INFO),
    *(REQUEST_DURATION, HEALTH_ANSWERS, KEY_MANAGERS, CLOCK_OFFSET),
    *(REQUIREMENT_OUTCOME, KMS_ERROR_PREDICTED, KMS_PREDICTION_DECIDED, REPORT_TIMESTAMP, EXTRA_AUTHORITIES),
    *(PREDICTION_AGREES, KEY_STORE_CONNECTION_STATE, KEY_STORE_CONNECTION_ERROR),
    *(KMS_PROXY_LATENCY, KMS_PROXY_ERRORS),
    *(AWS_TARGET_HEALTH, DNS_RECORD_STATE, AWS_CALLS, AWS_CALL_FAILURES, AUDIT_LAST_SUCCESS, EVIDENCE_AGE),
    *(SURVEY_RTT, SURVEY_WITHIN_THRESHOLD, SURVEY_RECOMMENDED),
    *(EVENT_LOOP_LAG, SCHEDULING_DELAY, USER_MINUS_KERNEL),
    *(PACKETS_DISCARDED, RECEIVE_QUEUE_DROPS, CLOCK_STEP_DISCARDS),
    *(CONFIG_RELOAD_SUCCESSFUL, CONFIG_RELOAD_TIMESTAMP),
    *(WEB_REQUESTS, WEB_REJECTED),
    *(HISTORY_BYTES, HISTORY_LIMIT_BYTES, HISTORY_OLDEST, HISTORY_DROPPED_ROWS),
)
