/*
 * ngx_http_weir_tables.h: directives, variables and counters, each a table.
 *
 * The modules expand them to what nginx reads, the reference to what people
 * read; a program that wants only the text needs no header of nginx.
 */

#ifndef NGX_HTTP_WEIR_TABLES_H
#define NGX_HTTP_WEIR_TABLES_H

/*
 * name, flags, setter, configuration (MAIN, SRV, LOC); context, arguments,
 * default ("" = none), sentences
 */
#define NGX_HTTP_WEIR_DIRECTIVES(D)                                           \
    D("weir", NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF          \
              |NGX_CONF_TAKE1, ngx_http_weir_set_mode, LOC,                   \
      "http, server, location", "on | off | dry_run", "off",                  \
      "Enforces the policy, ignores it, or decides and reports without "      \
      "acting.  A request is decided once, as the client sent it; what has "  \
      "been refused goes on only into a location with \"weir off\", such as " \
      "an error page.  A \"return\" of a location comes after the decision, " \
      "one of the server before it.  Headers about limits, origins and "      \
      "versions go with every answer to a request that is let on or refused, "\
      "in place of those that an upstream has by these names; transforms are "\
      "done to what is let on, and \"add_header\" comes after them.  A path " \
      "that a transform makes goes to the upstream whole, whatever URI "      \
      "proxy_pass has, and is nothing for \"alias\".")                        \
    D("weir_policy", NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,                       \
      ngx_http_weir_set_policy, MAIN, "http",                                 \
      "FILE [check=TIME] [max_size=SIZE] [verify_key=FILE] "                  \
      "[last_good=FILE]", "",                                                 \
      "The compiled policy.  The path is looked at every \"check\" (1s) and " \
      "a new image takes effect with no reload; an image is at most "         \
      "\"max_size\" (64m); with \"verify_key\" it must be signed by that "    \
      "key; a good image is kept in \"last_good\" for a start without one.  " \
      "FILE and \"verify_key\" are relative to the configuration's "          \
      "directory, \"last_good\" to the prefix.  Workers read and write them " \
      "as their own user; what keeps that user out, nginx warns of when it "  \
      "starts and in nginx -t, and serves all the same.")                     \
    D("weir_zone", NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1, ngx_http_weir_set_zone, \
      MAIN, "http", "SIZE", "32m",                                            \
      "Size of the shared memory of tokens that were verified (a half), of "  \
      "what limits count (a quarter, 64 bytes a key), of proofs of "          \
      "possession that came (a sixteenth), of how splits stand (a "           \
      "sixteenth, which at 32m has room for 180, those of the policies of "   \
      "the last ten minutes), of what the store says is revoked (a "          \
      "sixteenth, which at 32m has room for 110000), of counters and of "     \
      "other state that outlives a reload.")                                  \
    D("weir_trusted_certificate", NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,          \
      ngx_http_weir_set_trusted, MAIN, "http", "FILE", "",                    \
      "Authorities, in PEM, that certificates of other servers must be of: "  \
      "of issuers whose keys are fetched.  Without it, those of the system.  "\
      "FILE is relative to the configuration's directory.")                   \
    D("weir_jwks_cache", NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,                   \
      ngx_http_weir_set_jwks_cache, MAIN, "http", "DIR", "",                  \
      "Keeps the last good keys of each issuer whose keys are fetched, for a "\
      "start while it cannot be reached.  DIR is made if it is not there; it "\
      "is relative to the prefix.")                                           \
    D("weir_state_file", NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,                   \
      ngx_http_weir_set_state_file, MAIN, "http", "FILE", "",                 \
      "Keeps what became of splits (rolled back, pinned, the step of a ramp) "\
      "for a start of nginx; those that the policy no longer has are kept "   \
      "for 30 days.  Workers write FILE, by a temporary file beside it: its " \
      "directory is made for them where there is none, else they must be "    \
      "able to write into it.  FILE is relative to the prefix.  Where there " \
      "is a weir_redis, it is needed only for a start while that is away.")   \
    D("weir_drain", NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,                        \
      ngx_http_weir_set_drain, MAIN, "http", "FILE", "",                      \
      "While FILE is there, a connection of HTTP/1 ends with its answer, "    \
      "which says \"Connection: close\": clients that stay come again "       \
      "elsewhere, before nginx is told to quit.  Each worker looks once a "   \
      "second; FILE is relative to the prefix.")                              \
    D("weir_redis", NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,                        \
      ngx_http_weir_set_redis, MAIN, "http",                                  \
      "URL [timeout=TIME] [connect_timeout=TIME] [prefix=TEXT] [user=NAME] "  \
      "[password_file=FILE] [sentinel_user=NAME] "                            \
      "[sentinel_password_file=FILE] [tls=on|off]", "",                       \
      "Where limits of the scope \"cluster\" are counted, and where the "     \
      "policy may have what is revoked (PREFIX:revoked); nodes agree there "  \
      "on what becomes of splits (PREFIX:split:UID), and sum up what tenants "\
      "used (PREFIX:usage:day:DAY:TENANT, PREFIX:usage:month:MONTH:TENANT; "  \
      "see weir_metrics_zone).  Redis from version "                          \
      "5 on, or what speaks as it does.  URL is "                             \
      "redis://[user:password@]host[:6379][/db], the same with rediss:// for "\
      "TLS, unix:/path[?db=N], "                                              \
      "sentinel://host[:26379],host,.../master[/db] or "                      \
      "cluster://host[:6379],host,...; the latter two take a user and a "     \
      "password before the first host too, at most 16 hosts, and \"tls=on\" " \
      "for all connections.  Blanks, @, / and the like are %-encoded; a "     \
      "password is better kept in \"password_file\", whose first line it is " \
      "(FILE is relative to the configuration's directory).  A request waits "\
      "for the store at most \"timeout\" (50ms); a connection is given up "   \
      "after \"connect_timeout\" (1s); each is at most 10s.  Keys begin with "\
      "\"prefix\" (weir).  Certificates must be of an authority of "          \
      "weir_trusted_certificate; names of hosts need a \"resolver\".  "       \
      "Sentinels are asked as \"sentinel_user\", with a password of their "   \
      "own.  A user of an ACL serves with ~weir:* (or the prefix) and +set "  \
      "+get +incrby +decrby +expire +zadd +zrem +zremrangebyscore +zcard "    \
      "+sscan +hset +hscan +time +ping +select; with +role for sentinel://, " \
      "and "                                                                  \
      "+cluster|slots +asking for cluster://; one of a sentinel with +ping "  \
      "+sentinel|get-master-addr-by-name +subscribe and &+switch-master.")    \
    D("weir_audit_log", NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12, \
      ngx_http_weir_set_audit_log, SRV, "http, server",                       \
      "FILE | syslog:PARAMETERS | off [format=json | ecs]", "off",            \
      "Decisions as JSON, one a line, sampled as the policy says; and, once " \
      "a node and in each log of the configuration, what became of the "      \
      "policy and of splits.  Fields are in docs/audit.md: \"ecs\" names "    \
      "them as the Elastic Common Schema does.  PARAMETERS are those of "     \
      "access_log.  FILE is relative to the prefix, and is opened anew by "   \
      "the signal USR1.  Lines that cannot be written are counted.")

#define NGX_HTTP_WEIR_STATUS_DIRECTIVES(D)                                    \
    D("weir_status", NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,                       \
      ngx_http_weir_set_status, LOC, "location", "", "",                      \
      "Answers with the state of the policy and the last that became of it "  \
      "(\"history\"), of the workers, of what limits count (\"limits\"), of "  \
      "splits and their arms (\"splits\"), of what Redis says is revoked "    \
      "(\"revoked\") and of splits (\"agreement\"), of all workers' "         \
      "connections to it (\"store\"; its \"circuit\", \"latency_us\" and "    \
      "\"error\" are of the worker that answers), of shared memory "          \
      "(\"memory\"), metrics, usage, spans (\"trace\") and the audit log, as " \
      "JSON.  What is counted began at \"started\".  "                        \
      "It is decided by the policy like any location, unless it says "        \
      "\"weir off\"; then guard it with allow and deny.")                     \
    D("weir_control", NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,                      \
      ngx_http_weir_set_control, LOC, "location", "", "",                     \
      "Takes orders about splits: POST with ?split=NAME&order=rollback, "     \
      "resume, or pin&arm=ARM, and the header \"Weir-Control: 1\", without "  \
      "which a page in a browser could send it.  It answers with the state "  \
      "of the split as weir_status has it, else with {\"error\": ...}: 400 "  \
      "for what is no order, 404 for no such split, 409 for what cannot be "  \
      "done now.  rollback takes the guarded arm out until somebody resumes, "\
      "resume begins anew as the policy says, pin gives one arm all "         \
      "requests.  Other nodes follow within a second over weir_redis; while " \
      "that is away, resume is refused.  GET lists all splits.  Every order " \
      "is in the error log, with who gave it.  The location must say "        \
      "\"weir on\", and is then decided by the policy, or \"weir off\"; then "\
      "guard it with allow and deny.")

#define NGX_HTTP_WEIR_METRICS_DIRECTIVES(D)                                   \
    D("weir_metrics_zone", NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,                 \
      ngx_http_weir_set_metrics_zone, MAIN, "http",                           \
      "SIZE [max_series=N] [flush=TIME]", "64m",                              \
      "Shared memory of metrics (a half) and of usage (a half); it is there " \
      "as soon as a location has one of the following, else nothing is "      \
      "counted by tenant.  Tenants have at most \"max_series\" (100000) "     \
      "series: what comes after that is counted for the tenant _other, and "  \
      "so is usage that finds no room.  A reload may change \"max_series\"; " \
      "with another SIZE all begins anew.  With a weir_redis, usage is "      \
      "written to it every \"flush\" (10s), and by the last worker that ends."\
      "  A worker that dies loses nothing, a node that does at most what it " \
      "counted since.")                                                       \
    D("weir_metrics", NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,                      \
      ngx_http_weir_set_metrics, LOC, "location", "", "",                     \
      "Answers with all metrics, as Prometheus reads them, and as "           \
      "OpenMetrics where the client prefers that.  Metrics are in "           \
      "docs/metrics.md.  The location must say \"weir on\", and is then "     \
      "decided by the policy, or \"weir off\"; then guard it with allow and " \
      "deny.")                                                                \
    D("weir_usage", NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,                         \
      ngx_http_weir_set_usage, LOC, "location", "all | tenant", "",           \
      "Answers with what tenants used, by day and month (UTC), by route and " \
      "limit, as JSON.  \"all\" lists the tenants of this node in order of "  \
      "their ids, from behind ?after=ID on, ?limit=N of them (100, at most "  \
      "1000); \"next\" is where the next page begins.  With ?tenant=ID it "   \
      "has one tenant, as all nodes counted it.  \"tenant\" has the one that "\
      "the request was decided for, and 403 where there is none: a route of " \
      "the policy opens it to tenants, and should ask for credentials, else " \
      "whoever sends a tenant's host is told.  ?period=previous "             \
      "has the day and the month before.  What other nodes counted is as old "\
      "as their last flush; \"complete\" is false where the store could not " \
      "be read within its timeout, and counts are this node's alone "         \
      "(\"scope\").  The location must say \"weir on\", or, of \"all\", "     \
      "\"weir off\"; then guard it with allow and deny.")                     \
    D("weir_dashboard", NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,                    \
      ngx_http_weir_set_dashboard, LOC, "location", "", "",                   \
      "A page over the state of the policy, metrics and usage, live.  It "    \
      "asks for nothing but its own address, which answers with JSON to "     \
      "?show=summary, ?show=status and ?show=usage.  The location must say "  \
      "\"weir on\", or \"weir off\"; then guard it with allow and deny.  A "   \
      "module that was built without the page (\"make page\") refuses the "   \
      "directive.")

#define NGX_HTTP_WEIR_TRACE_DIRECTIVES(D)                                     \
    D("weir_trace", NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF    \
              |NGX_CONF_1MORE, ngx_http_weir_set_trace, LOC,                  \
      "http, server, location", "on | off [sample=PERCENT] [trust=on|off]",   \
      "off",                                                                  \
      "Takes part in traces (W3C Trace Context): upstreams get a traceparent "\
      "of this request's span in place of the client's, which transforms of " \
      "the policy may replace, and with a weir_otlp spans are exported.  A "  \
      "trace that begins here is sampled by \"sample\" (1%); of one that "    \
      "the client began, \"trust\" (on) says whether it decides that.  A "    \
      "traceparent that is malformed, or there twice, is none, and its "      \
      "tracestate goes with it.  A request has its span, refused or not, "    \
      "where it is decided: under \"weir off\" it has none, and headers go "  \
      "on as they came.")                                                     \
    D("weir_otlp", NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,                         \
      ngx_http_weir_set_otlp, MAIN, "http",                                   \
      "URL [service=NAME] [interval=TIME] [queue=SIZE] [headers=FILE]", "",   \
      "Where spans go: OTLP over HTTP or HTTPS, as JSON, such as "            \
      "http://127.0.0.1:4318/v1/traces, every \"interval\" (1s), as those "   \
      "of the service \"service\" (weir).  Each worker keeps at most "        \
      "\"queue\" (1m) of spans that wait; more are dropped and counted.  "    \
      "What a collector is too busy for, or is away for, is sent five times " \
      "at most, with growing pauses; a worker that quits sends what waits "   \
      "once, within two seconds.  Fields that the policy redacts in the "     \
      "audit log are hashed here, too.  "                                     \
      "FILE has headers to send, one a line, such as an authorization; it is "\
      "relative to the configuration's directory.  Certificates must be of "  \
      "an authority of weir_trusted_certificate; names of hosts need a "      \
      "\"resolver\".")

/* name in code, name, sentence */
#define NGX_HTTP_WEIR_VARIABLES(V)                                            \
    V(TENANT,          "weir_tenant",    "id of the tenant")                  \
    V(PLAN,            "weir_plan",      "plan of the tenant")                \
    V(ROUTE,           "weir_route",     "id of the matched route")           \
    V(SUBJECT,         "weir_subject",   "who the caller is")                 \
    V(ROLES,           "weir_roles",     "roles of the caller, by commas; "   \
      "none that has a comma, or a blank at an end")                          \
    V(UPSTREAM,        "weir_upstream",                                       \
      "upstream block that the policy names, that of the arm where the "      \
      "route has a split; a name that the configuration lacks is an error in "\
      "the log, and empty.  Guards and breakers see the answers to requests " \
      "for which this was read before they went to an upstream")              \
    V(SPLIT,           "weir_split",     "split of the route")                \
    V(ARM,             "weir_arm",       "arm of the split that was taken")   \
    V(DECISION,        "weir_decision",  "allow or deny")                     \
    V(RULE,            "weir_rule",      "id of the rule that decided")       \
    V(LIMIT,           "weir_limit",                                          \
      "id of the limit that refused, else of the one with the smallest share "\
      "left")                                                                 \
    V(LIMIT_REMAINING, "weir_limit_remaining", "what that limit has left")    \
    V(POLICY,          "weir_policy",                                         \
      "name/serial/generation of the policy that decided; a policy without "  \
      "a serial has -")                                                       \
    V(REQUEST_ID,      "weir_request_id",                                     \
      "id of the request in the audit log; nginx's $request_id")              \
    V(TRACE_ID,        "weir_trace_id",                                       \
      "trace id of the client's traceparent, else one of our own where "      \
      "weir_trace is on, else the request's id")                              \
    V(SPAN_ID,         "weir_span_id",                                        \
      "id of this request's span where weir_trace is on, else empty")         \
    V(TRACEPARENT,     "weir_traceparent",                                    \
      "traceparent that the upstream gets where weir_trace is on, else empty")\
    V(CACHE_KEY,       "weir_cache_key",                                      \
      "tenant, route, arm, host, query and the path that the upstream gets, " \
      "by spaces: two requests have the same only where the policy saw the "  \
      "same, or made it so")

/* Events of the audit log: name in code, text, sentence */
#define NGX_HTTP_WEIR_AUDIT_EVENTS(E)                                         \
    E(DECISION,          "decision",                                          \
      "a request was decided")                                                \
    E(POLICY_LOADED,     "policy_loaded",                                     \
      "the node serves under its first policy, from a start or an upgrade of "\
      "nginx on")                                                             \
    E(POLICY_SWAPPED,    "policy_swapped",                                    \
      "another policy took effect")                                           \
    E(POLICY_REJECTED,   "policy_rejected",                                   \
      "a policy was refused; the one of this `generation` serves on")         \
    E(SPLIT_ROLLED_BACK, "split_rolled_back",                                 \
      "a guard took its arm out")                                             \
    E(SPLIT_REPORTED,    "split_reported",                                    \
      "a guard that only reports would have")                                 \
    E(SPLIT_ADVANCED,    "split_advanced",                                    \
      "a ramp went a step further")                                           \
    E(SPLIT_RESUMED,     "split_resumed",                                     \
      "a rollback is over")                                                   \
    E(SPLIT_ORDERED,     "split_ordered",                                     \
      "somebody gave an order by weir_control")

/*
 * Fields of its lines, in their order: name in code, kind, name, name in the
 * Elastic Common Schema, what the policy redacts it by ("" = never), bytes of
 * a value at most, sentence.  KEPT: also when empty, unless as ECS.
 */
#define NGX_HTTP_WEIR_AUDIT_DECISION(F)                                       \
    F(REQUEST_ID,  KEPT, "request_id", "http.request.id", "request.id", 36,   \
      "id of the request, `$weir_request_id`")                                \
    F(TRACE_ID,    KEPT, "trace_id", "trace.id", "trace.id", 36,              \
      "`$weir_trace_id`")                                                     \
    F(SPAN_ID,     TEXT, "span_id", "span.id", "", 20,                        \
      "`$weir_span_id`, where weir_trace is on")                              \
    F(TENANT,      KEPT, "tenant", "organization.id", "tenant.id", 200,       \
      "id of the tenant")                                                     \
    F(ROUTE,       KEPT, "route", "weir.route", "route.id", 200,              \
      "id of the route")                                                      \
    F(SUBJECT,     KEPT, "subject", "user.id", "principal.sub", 280,          \
      "who the caller is; of an order, who gave it")                          \
    F(VERDICT,     KEPT, "verdict", "weir.verdict", "", 16,                   \
      "`allow` or `deny`")                                                    \
    F(REASON,      KEPT, "reason", "weir.reason", "", 40,                     \
      "why, in a word: as in weir_status")                                    \
    F(DETAIL,      KEPT, "detail", "weir.detail", "", 160,                    \
      "what was wrong with the request")                                      \
    F(RULE,        KEPT, "rule", "rule.name", "", 200,                        \
      "id of the rule that decided")                                          \
    F(POLICY,      KEPT, "policy", "weir.policy", "", 140,                    \
      "name of the policy")                                                   \
    F(METHOD,      KEPT, "method",                                            \
      "http.request.method", "request.method", 40,                            \
      "as it was sent")                                                       \
    F(HOST,        KEPT, "host", "url.domain", "request.host", 264,           \
      "canonical, or as it was sent where it is none")                        \
    F(PATH,        KEPT, "path", "url.path", "request.path", 920,             \
      "canonical, or as it was sent where it is none; never the query")       \
    F(SOURCE,      KEPT, "source", "client.ip", "source.ip", 50,              \
      "address of the client; redacted, its name in ECS is `client.address`") \
    F(GENERATION,  NUMBER, "generation", "weir.generation", "", 20,           \
      "of the policy on this node")                                           \
    F(SERIAL,      NUMBER, "serial", "weir.serial", "", 20,                   \
      "of the policy, where it has one")                                      \
    F(ERRORS,      NUMBER, "errors", "weir.errors", "", 20,                   \
      "expressions that failed")                                              \
    F(DRY_DENIED,  NUMBER, "dry_denied", "weir.dry_denied", "", 20,           \
      "rules with dry_run that would have refused")                           \
    F(DRY_LIMITED, NUMBER, "dry_limited", "weir.dry_limited", "", 20,         \
      "limits with dry_run that would have refused")                          \
    F(SPLIT,       TEXT, "split", "weir.split", "", 120,                      \
      "name of the split")                                                    \
    F(ARM,         TEXT, "arm", "weir.arm", "", 120,                          \
      "arm that was taken; of an event, that it is about")                    \
    F(LIMIT,       TEXT, "limit", "weir.limit", "", 200,                      \
      "id of the limit that refused, else of the one with the smallest share "\
      "left")                                                                 \
    F(REMAINING,   NUMBER, "remaining", "weir.remaining", "", 20,             \
      "what it has left")                                                     \
    F(RETRY_AFTER, NUMBER, "retry_after", "weir.retry_after", "", 20,         \
      "seconds")                                                              \
    F(DRY_RUN,     TRUE, "dry_run", "weir.dry_run", "", 4,                    \
      "true: it was refused, and let on under `weir dry_run`")                \
    F(WOULD_BE,    NUMBER, "would_be", "weir.would_be", "", 20,               \
      "the status of that refusal")                                           \
    F(STATUS,      NUMBER, "status", "http.response.status_code", "", 20,     \
      "that the client got; 0: nothing was sent")

/* beside some of those */
#define NGX_HTTP_WEIR_AUDIT_EVENT(F)                                          \
    F(DIGEST,              TEXT, "digest", "weir.digest", "", 68,             \
      "SHA-256 of the policy")                                                \
    F(LAST_GOOD,           TRUE, "from_last_good",                            \
      "weir.from_last_good", "", 4,                                           \
      "true: the policy is the last good copy")                               \
    F(PREVIOUS_GENERATION, NUMBER, "previous_generation",                     \
      "weir.previous_generation", "", 20,                                     \
      "of the policy before")                                                 \
    F(PREVIOUS_SERIAL,     NUMBER, "previous_serial",                         \
      "weir.previous_serial", "", 20,                                         \
      "its serial, where it has one")                                         \
    F(ABOUT,               TEXT, "about", "weir.about", "", 40,               \
      "what the arm fails in: error_rate, or a latency")                      \
    F(ORDER,               TEXT, "order", "weir.order", "", 20,               \
      "rollback, resume or pin")                                              \
    F(ORIGIN,              TEXT, "origin", "weir.origin", "", 20,             \
      "`node`, or `store`: another node did it, and this one follows")        \
    F(TEXT,                TEXT, "text", "message", "", 1100,                 \
      "what the error log says of it")

/* name in code, name in weir_status; refusals are counted by reason beside */
#define NGX_HTTP_WEIR_COUNTERS(C)                                             \
    C(ALLOWED,      "allowed")                                                \
    C(DRY_RUN,      "dry_run")          /* would have been refused */         \
    C(RULE_DRY_RUN, "rule_dry_run")     /* dry_run rules that would have */   \
    C(ERRORS,       "errors")           /* evaluations that failed */         \
    C(WAITS,        "waits")            /* requests that were suspended */    \
    C(TIMEOUTS,     "timeouts")         /* and not resumed in time */         \
    C(AUDIT_ERRORS, "audit_errors")     /* lines that were lost */            \
    C(AUDIT_LINES,  "audit_lines")      /* that were written */               \
    C(TOKENS_VERIFIED, "tokens_verified")   /* their signatures */            \
    C(TOKENS_KNOWN, "tokens_known")     /* verified before */

/* of "trace"; in the order of NGX_HTTP_WEIR_SPAN_ENDS */
#define NGX_HTTP_WEIR_SPAN_COUNTERS(C)                                        \
    C(SPANS_EXPORTED, "exported")                                             \
    C(SPANS_DROPPED,  "dropped")                                              \
    C(SPANS_FAILED,   "failed")

/* name in code: what a worker has now */
#define NGX_HTTP_WEIR_GAUGES(G)                                               \
    G(SPANS_WAITING)

/* name in code, value of the label "part": what shared memory is for */
#define NGX_HTTP_WEIR_PARTS(P)                                                \
    P(IMAGES,  "images")                                                      \
    P(KEYS,    "keys")              /* of issuers */                          \
    P(TOKENS,  "tokens")            /* that were verified */                  \
    P(LIMITS,  "limits")                                                      \
    P(PROOFS,  "proofs")            /* of possession, that came */            \
    P(SPLITS,  "splits")                                                      \
    P(REVOKED, "revoked")                                                     \
    P(REST,    "rest")              /* of weir_zone: counters and the like */ \
    P(METRICS, "metrics")                                                     \
    P(USAGE,   "usage")

/* of "limits"; requests that one refused are among the refusals */
#define NGX_HTTP_WEIR_LIMIT_COUNTERS(C)                                       \
    C(LIMIT_ALLOWED, "allowed")         /* requests that limits were asked    \
                                           of */                              \
    C(LIMIT_DRY_RUN, "dry_run")         /* dry_run limits that would have     \
                                           refused */                         \
    C(LIMIT_UNCOUNTED, "uncounted")     /* that let pass what they could not  \
                                           count */                           \
    C(LIMIT_WAITS,  "waits")            /* of requests for the store */       \
    C(LIMIT_ASKS,   "asks")             /* of the store */                    \
    C(LIMIT_ASKS_FAILED, "failed")      /* of them */                         \
    C(LIMIT_LEASES, "leases")           /* that brought units */              \
    C(LIMIT_EXHAUSTED, "exhausted")     /* that brought nothing */            \
    C(LIMIT_GRANTED, "granted")         /* units */

#endif
