"""The names and labels of the metrics are a promise to dashboards and alerts: none is lost or renamed."""

from exporters.prometheus.definitions import DEFINITIONS

# As promised, without the prefix: name and labels.
PROMISED = {
    "build_info": "version",
    "target_info": "target,role,key_store,target_zone,address,target_region,vantage",
    "requirement_info": "requirement,level",
    "probe_interval_seconds": "target,check",
    "probes_total": "target,check",
    "probe_failures_total": "target,check,reason",
    "last_attempt_timestamp_seconds": "target,check",
    "last_success_timestamp_seconds": "target,check",
    "rtt_seconds": "target,ip,method",
    "phase_duration_seconds": "target,check,phase",
    "request_duration_seconds": "target,mode",
    "packets_sent_total": "target",
    "packets_received_total": "target",
    "packets_duplicates_total": "target",
    "packets_late_total": "target",
    "tcp_retransmits_total": "target",
    "samples_total": "timestamps",
    "probes_discarded_total": "target,check",
    "turns_skipped_total": "target,check",
    "certificate_not_before_timestamp_seconds": "target,ip,position",
    "certificate_not_after_timestamp_seconds": "target,ip,position",
    "certificate_info": "target,ip,position,subject_cn,issuer_cn,sha256",
    "requirement_outcome": "key_store,requirement,subject,outcome",
    "kms_error_predicted": "key_store,operation,error,likelihood",
    "kms_prediction_decided": "key_store,operation",
    "key_store_connection_state": "key_store,state",
    "key_store_connection_error": "key_store,error",
    "key_managers": "target,state",
    "aws_target_health": "target,state",
    "aws_calls_total": "call",
    "aws_call_failures_total": "call,reason",
    "audit_last_success_timestamp_seconds": "key_store",
    "dns_record_state": "key_store,view,state",
    "proxy_clock_offset_seconds": "target",
    "extra_authorities": "",
    "survey_rtt_seconds": "target_region,statistic",
    "survey_within_threshold": "target_region",
    "survey_recommended": "target_region",
    "event_loop_lag_seconds": "",
    "scheduling_delay_seconds": "",
    "config_last_reload_successful": "",
    "config_last_reload_success_timestamp_seconds": "",
    "health_answers_total": "target,mode,code",
    "prediction_agrees": "key_store",
    "kms_proxy_latency_seconds": "key_store,statistic",
    "kms_proxy_errors": "key_store,exception",
    "evidence_age_seconds": "key_store,source",
    "report_timestamp_seconds": "",
    "history_bytes": "",
    "history_limit_bytes": "",
    "history_oldest_timestamp_seconds": "",
    "web_requests_total": "path,code",
    "web_rejected_total": "reason",
}
# More than was promised.
ADDED = {
    *("user_minus_kernel_seconds", "packets_discarded_total"),
    *("receive_queue_drops_total", "clock_step_discards_total", "history_dropped_rows_total"),
}


def test_every_promised_metric_has_its_name_and_labels() -> None:
    defined = {each.name: ",".join(each.labels) for each in DEFINITIONS}
    assert {name: defined.get(name) for name in PROMISED} == PROMISED


def test_no_metric_is_served_that_is_not_listed_here() -> None:
    assert {each.name for each in DEFINITIONS} == PROMISED.keys() | ADDED
