/*
 * metrics_table.h: every metric, once.
 *
 * The exposition, its HELP lines and docs/metrics.md are made of it.
 */

#ifndef WEIR_RUN_METRICS_TABLE_H
#define WEIR_RUN_METRICS_TABLE_H

/*
 * name in code, name as OpenMetrics has it (of a counter without "_total"),
 * type, labels by commas, HELP.
 *
 * Those of the first part are series of a tenant: weir_series_t counts them.
 * All others are read from where the state lies.
 */
#define WEIR_SERIES_METRICS(M)                                                \
    M(REQUESTS, "weir_http_requests", COUNTER, "tenant,route,arm,code",       \
      "Requests that the policy decided, by class of the status that was "    \
      "sent; none: nothing was.")                                             \
    M(DURATION, "weir_http_request_duration_seconds", HISTOGRAM,              \
      "tenant,route,arm,code",                                                \
      "Time from the first byte of a request to the last of its answer.")     \
    M(RECEIVED, "weir_http_received_bytes", COUNTER,                          \
      "tenant,route,arm,code", "Bytes of requests, heads included.")          \
    M(SENT, "weir_http_sent_bytes", COUNTER, "tenant,route,arm,code",         \
      "Bytes of answers, heads included.")                                    \
    M(DECISIONS, "weir_decisions", COUNTER,                                   \
      "tenant,route,verdict,reason,rule,limit",                               \
      "Decisions: allow, deny, or dry_run where a refusal was only reported; "\
      "rule and limit are set where one decided.")                            \
    M(LIMIT_DECISIONS, "weir_limit_decisions", COUNTER,                       \
      "tenant,limit,verdict",                                                 \
      "What limits said to requests that came to them: allowed, refused, "    \
      "dry_run, or uncounted where a request passed that could not be "       \
      "counted.")                                                             \
    M(LIMIT_CHARGED, "weir_limit_charged_units", COUNTER, "tenant,limit",     \
      "Units that limits charged.")                                           \
    M(LIMIT_REMAINING, "weir_limit_remaining_units", GAUGE, "tenant,limit",   \
      "Units left when a request was last counted, of quotas whose key is "   \
      "the tenant alone.")                                                    \
    M(LIMIT_CAPACITY, "weir_limit_capacity_units", GAUGE, "tenant,limit",     \
      "Units of such a quota when nothing is used.")

#define WEIR_STATE_METRICS(M)                                                 \
    M(BUILD, "weir_build_info", GAUGE, "version,nginx", "Always 1.")          \
    M(POLICY_INFO, "weir_policy_info", GAUGE, "name,serial,digest",           \
      "The policy that serves; always 1.")                                    \
    M(POLICY_SERIAL, "weir_policy_serial", GAUGE, "",                         \
      "Serial of the policy that serves; 0: it has none.")                    \
    M(POLICY_GENERATION, "weir_policy_generation", GAUGE, "",                 \
      "Images that were taken since shared memory began, this one included.") \
    M(POLICY_LOADED, "weir_policy_loaded_timestamp_seconds", GAUGE, "",       \
      "When the policy that serves was loaded.")                              \
    M(POLICY_SWAPS, "weir_policy_swaps", COUNTER, "",                         \
      "Times that a policy took the place of another.")                       \
    M(POLICY_REJECTED, "weir_policy_rejected", COUNTER, "reason",             \
      "Images that were refused.")                                            \
    M(POLICY_REJECTED_AT, "weir_policy_rejected_timestamp_seconds", GAUGE, "",\
      "When an image was last refused; 0: never.")                            \
    M(POLICY_LAST_GOOD, "weir_policy_from_last_good", GAUGE, "",              \
      "1 while the policy that serves came from the last_good file.")         \
    M(POLICY_REFUSED, "weir_policy_refused", GAUGE, "",                       \
      "1 while the image that lies there is one that was refused.")           \
    M(POLICY_WAITING, "weir_policy_waiting", GAUGE, "",                       \
      "1 while a new image waits for a slot.")                                \
    M(WORKERS, "weir_workers", GAUGE, "policy",                               \
      "Workers: older where they still have requests under an older "         \
      "policy, else current.")                                                \
    M(WORKER_DEATHS, "weir_worker_deaths", COUNTER, "",                       \
      "Workers that ended without leaving.")                                  \
    M(DRY_RUN, "weir_rules_dry_run", COUNTER, "",                             \
      "Times that a dry_run rule would have refused.")                        \
    M(EVALUATION_ERRORS, "weir_evaluation_errors", COUNTER, "",               \
      "Evaluations of expressions that failed.")                              \
    M(WAITS, "weir_request_waits", COUNTER, "",                               \
      "Requests that were suspended.")                                        \
    M(WAIT_TIMEOUTS, "weir_request_wait_timeouts", COUNTER, "",               \
      "Suspended requests that were not resumed in time.")                    \
    M(AUTH_FAILURES, "weir_auth_failures", COUNTER, "reason",                 \
      "Requests that were refused for who sent them.")                        \
    M(TOKEN_HITS, "weir_token_cache_hits", COUNTER, "",                       \
      "Tokens that had been verified before.")                                \
    M(TOKEN_MISSES, "weir_token_cache_misses", COUNTER, "",                   \
      "Tokens whose signature was verified.")                                 \
    M(ISSUER_KEYS, "weir_issuer_keys", GAUGE, "issuer",                       \
      "Keys of an issuer that are known.")                                    \
    M(ISSUER_AGE, "weir_issuer_keys_age_seconds", GAUGE, "issuer",            \
      "Time since the keys of an issuer were last read from its URL.")        \
    M(ISSUER_FETCHES, "weir_issuer_fetches", COUNTER, "issuer,result",        \
      "Times that the keys of an issuer were read: ok or failed.")            \
    M(LIMIT_CELLS, "weir_limit_cells", GAUGE, "",                             \
      "Keys that the table of limits has room for.")                          \
    M(LIMIT_CELLS_USED, "weir_limit_cells_used", GAUGE, "",                   \
      "Keys that the table of limits holds, estimated from a part of it.")    \
    M(LIMIT_WAITS, "weir_limit_waits", COUNTER, "",                           \
      "Waits of requests for the store.")                                     \
    M(LEASES, "weir_lease_requests", COUNTER, "result",                       \
      "Times that units were asked of the store, or given back: granted, "    \
      "exhausted, failed.")                                                   \
    M(LEASED, "weir_lease_granted_units", COUNTER, "",                        \
      "Units that the store granted.")                                        \
    M(STORE_CALLS, "weir_store_calls", COUNTER, "result",                     \
      "Calls of the store, by how they ended.")                               \
    M(STORE_DURATION, "weir_store_call_duration_seconds", HISTOGRAM, "",      \
      "Time that calls of the store took which were answered.")               \
    M(STORE_CONNECTIONS, "weir_store_connections", GAUGE, "",                 \
      "Connections of all workers to the store.")                             \
    M(STORE_PENDING, "weir_store_pending_calls", GAUGE, "",                   \
      "Calls of the store that are under way.")                               \
    M(STORE_CIRCUIT, "weir_store_circuit_workers", GAUGE, "state",            \
      "Workers by the state of their circuit to the store.")                  \
    M(STORE_RECONNECTS, "weir_store_reconnects", COUNTER, "",                 \
      "Connections to the store that were made again.")                       \
    M(STORE_NODES, "weir_store_nodes", GAUGE, "",                             \
      "Nodes that share the store, this one included.")                       \
    M(STORE_CLOCK, "weir_store_clock_error_seconds", GAUGE, "",               \
      "How far the store's clock may be from what this node takes it for.")   \
    M(SPLIT_STATE, "weir_split_state", GAUGE, "split,state",                  \
      "1 for the state that a split is in: serving, rolled_back, pinned.")    \
    M(SPLIT_STEP, "weir_split_step", GAUGE, "split",                          \
      "Step of its ramp that a split is at.")                                 \
    M(SPLIT_WEIGHT, "weir_split_arm_weight_ratio", GAUGE, "split,arm",        \
      "Share of requests that an arm has now.")                               \
    M(SPLIT_REQUESTS, "weir_split_arm_requests", COUNTER, "split,arm,result", \
      "Requests that an arm's upstream had: ok, error, gone.")                \
    M(SPLIT_BREAKER, "weir_split_arm_breaker_state", GAUGE, "split,arm,state",\
      "1 for the state that an arm's breaker is in.")                         \
    M(SPLIT_OPENED, "weir_split_arm_breaker_opened", COUNTER, "split,arm",    \
      "Times that an arm's breaker opened.")                                  \
    M(SPLIT_REFUSED, "weir_split_arm_breaker_refused", COUNTER, "split,arm",  \
      "Requests that an arm's breaker turned away.")                          \
    M(GUARD_FINDING, "weir_split_guard_finding", GAUGE, "split,finding",      \
      "1 for what a guard finds: too_few_requests, content, suspect, failed.")\
    M(GUARD_REQUESTS, "weir_split_guard_requests", GAUGE, "split,arm",        \
      "Requests within the guard's window.")                                  \
    M(GUARD_ERRORS, "weir_split_guard_error_ratio", GAUGE, "split,arm",       \
      "Share of the requests within the guard's window that failed.")         \
    M(GUARD_LATENCY, "weir_split_guard_latency_seconds", GAUGE,               \
      "split,arm,percentile",                                                 \
      "Percentiles of latency within the guard's window: 50, 95, 99.")        \
    M(MIRRORED, "weir_split_mirrored", COUNTER, "split,result",               \
      "Copies of requests, by what became of them.")                          \
    M(AGREEMENT, "weir_split_agreement_age_seconds", GAUGE, "",               \
      "Time since the state of splits was last read from the store.")         \
    M(REVOKED, "weir_revoked_entries", GAUGE, "",                             \
      "What the store says is revoked.")                                      \
    M(REVOKED_AGE, "weir_revoked_age_seconds", GAUGE, "",                     \
      "Time since that was last read.")                                       \
    M(USAGE_FLUSHES, "weir_usage_flushes", COUNTER, "result",                 \
      "Times that usage was written to the store: ok or failed.")             \
    M(USAGE_FLUSHED_AT, "weir_usage_flushed_timestamp_seconds", GAUGE, "",    \
      "When all usage was last in the store; 0: never.")                      \
    M(USAGE_FOLDED, "weir_usage_folded", COUNTER, "",                         \
      "Times that usage was counted for the tenant _other, for want of room.")\
    M(SERIES, "weir_series", GAUGE, "", "Series that tenants have.")          \
    M(SERIES_MAX, "weir_series_max", GAUGE, "",                               \
      "Series that they may have.")                                           \
    M(SERIES_FOLDED, "weir_series_folded", COUNTER, "",                       \
      "Times that something was counted for the tenant _other, since there "  \
      "may be no more series.")                                               \
    M(AUDIT_LINES, "weir_audit_lines", COUNTER, "result",                     \
      "Lines of the audit log: written or lost.")                             \
    M(SPANS, "weir_trace_spans", COUNTER, "result",                           \
      "Spans: exported, dropped since too many waited, failed.")              \
    M(ZONE_SIZE, "weir_zone_bytes", GAUGE, "part",                            \
      "Shared memory, by what it is for.")                                    \
    M(ZONE_USED, "weir_zone_used_bytes", GAUGE, "part",                       \
      "Shared memory that is in use, where that is known.")

#define WEIR_METRICS(M)  WEIR_SERIES_METRICS(M) WEIR_STATE_METRICS(M)

#endif
