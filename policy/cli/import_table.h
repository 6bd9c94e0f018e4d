/*
 * import_table.h: the annotations of ingress-nginx and the keys of its
 * ConfigMap, one row each: what becomes of them.  docs/import.md is made from
 * these rows.
 *
 * Columns: name in code, annotation behind nginx.ingress.kubernetes.io/, what
 * becomes of it at best, who does it, the directive of nginx where it is one,
 * one sentence or two.
 *
 * What becomes of it: DONE, NEAR (approximately: the sentence says how it
 * differs), LEFT (not at all: the sentence says what to do by hand).
 *
 * Who: TIME, SIZE, KB, FLAG, COUNT, WORDS: the value goes with the directive,
 * as what nginx takes for that; OWN: code of its own; NOBODY: reported as the
 * row says; SHUT: as NOBODY, and the routes are closed, since the annotation
 * guarded them.
 */

#ifndef WEIR_CLI_IMPORT_TABLE_H
#define WEIR_CLI_IMPORT_TABLE_H

#define IMP_ANNOTATION  "nginx.ingress.kubernetes.io/"

#define IMP_ROWS_SPLITS(A)                                                    \
    A(CANARY, "canary", DONE, OWN, "",                                        \
      "The Ingress is the arm canary of a split beside the one that has the " \
      "same host and path.")                                                  \
    A(CANARY_HEADER, "canary-by-header", DONE, OWN, "",                       \
      "Overrides of the split: always and never.")                            \
    A(CANARY_VALUE, "canary-by-header-value", DONE, OWN, "",                  \
      "The value of the override, in place of always and never.")             \
    A(CANARY_PATTERN, "canary-by-header-pattern", DONE, OWN, "",              \
      "An override with matches(), where RE2 takes the pattern.")             \
    A(CANARY_COOKIE, "canary-by-cookie", DONE, OWN, "",                       \
      "Overrides of the split, behind those of the header.")                  \
    A(CANARY_WEIGHT, "canary-weight", DONE, OWN, "",                          \
      "The weight of the arm canary, drawn for each request.")                \
    A(CANARY_TOTAL, "canary-weight-total", DONE, OWN, "",                     \
      "What the weight is a share of; 100 unless given.")                     \
    A(CANARY_AFFINITY, "affinity-canary-behavior", LEFT, NOBODY, "",          \
      "Which arm a client keeps: give the split `sticky` or `cookie`.")       \
    A(MIRROR, "mirror-target", NEAR, OWN, "",                                 \
      "`mirror` of a split: GET and HEAD, without bodies of others; the copy "\
      "keeps its path.")                                                      \
    A(MIRROR_HOST, "mirror-host", LEFT, NOBODY, "",                           \
      "A copy has the Host of the request.")                                  \
    A(MIRROR_BODY, "mirror-request-body", NEAR, NOBODY, "",                   \
      "Copies are of GET and HEAD, unless `methods` of the mirror names more.")

#define IMP_ROWS_LIMITS(A)                                                    \
    A(RPS, "limit-rps", DONE, OWN, "",                                        \
      "A limit before authentication, by source.ip, of each replica as it was."\
      "  Refusals are 503, or limit-req-status-code.")                        \
    A(RPM, "limit-rpm", DONE, OWN, "", "The same, by the minute.")            \
    A(BURST, "limit-burst-multiplier", DONE, OWN, "",                         \
      "`burst` is rate * multiplier + 1: nginx counts what comes beyond the " \
      "first; 5 unless given.")                                               \
    A(CONNECTIONS, "limit-connections", NEAR, OWN, "",                        \
      "`concurrency` by source.ip: requests in flight on a node, not "        \
      "connections.")                                                         \
    A(LIMIT_LIST, "limit-whitelist", DONE, OWN, "",                           \
      "`cost` is 0 for addresses in the list; for connections, the key of "   \
      "each of their requests is its own.")                                   \
    A(LIMIT_RATE, "limit-rate", DONE, KB, "limit_rate",                     \
      "KB a second of an answer.")                                            \
    A(LIMIT_AFTER, "limit-rate-after", DONE, KB, "limit_rate_after",        \
      "KB that go first at full speed.")                                      \
    A(GLOBAL_LIMIT, "global-rate-limit", NEAR, OWN, "",                       \
      "A limit with `scope: cluster`, a sliding window; needs weir_redis, "   \
      "without which each node counts for itself.  Keys: $remote_addr, $host "\
      "and $http_NAME.")                                                      \
    A(GLOBAL_WINDOW, "global-rate-limit-window", NEAR, OWN, "",               \
      "The window of it.")                                                    \
    A(GLOBAL_KEY, "global-rate-limit-key", NEAR, OWN, "",                     \
      "What it counts apart.")                                                \
    A(GLOBAL_IGNORED, "global-rate-limit-ignored-cidrs", NEAR, OWN, "",       \
      "Addresses that cost nothing.")

#define IMP_ROWS_ACCESS(A)                                                    \
    A(ALLOWLIST, "whitelist-source-range", DONE, OWN, "",                     \
      "A list, and a deny rule of the routes.  One that is no list of "       \
      "prefixes closes them.")                                                \
    A(ALLOWLIST_NEW, "allowlist-source-range", DONE, OWN, "",                 \
      "The same by its newer name.")                                          \
    A(DENYLIST, "denylist-source-range", DONE, OWN, "",                       \
      "A list, and a deny rule of the routes.  One that is no list of "       \
      "prefixes closes them.")                                                \
    A(AUTH_TYPE, "auth-type", LEFT, SHUT, "",                                 \
      "Routes are closed.  Give programs API keys (`apikeys`), people an "    \
      "issuer of tokens (`issuers`); or auth_basic in nginx.")                \
    A(AUTH_SECRET, "auth-secret", LEFT, NOBODY, "",                           \
      "Passwords are not read; see auth-type.")                               \
    A(AUTH_SECRET_TYPE, "auth-secret-type", LEFT, NOBODY, "", "See auth-type.")\
    A(AUTH_REALM, "auth-realm", LEFT, NOBODY, "", "See auth-type.")           \
    A(AUTH_URL, "auth-url", LEFT, SHUT, "",                                   \
      "Routes are closed.  Where the service verifies tokens, name their "    \
      "issuer in `issuers` and let Weir do it; else auth_request in nginx.")  \
    A(AUTH_SIGNIN, "auth-signin", LEFT, NOBODY, "",                           \
      "A page to sign in: error_page 401 in nginx, in a location with "       \
      "`weir off`.")                                                          \
    A(AUTH_SIGNIN_PARAM, "auth-signin-redirect-param", LEFT, NOBODY, "",      \
      "See auth-signin.")                                                     \
    A(AUTH_METHOD, "auth-method", LEFT, NOBODY, "", "See auth-url.")          \
    A(AUTH_HEADERS, "auth-response-headers", LEFT, NOBODY, "",                \
      "`transform.request.set` with principal.sub and claims.")               \
    A(AUTH_PROXY, "auth-proxy-set-headers", LEFT, NOBODY, "", "See auth-url.")\
    A(AUTH_CACHE_KEY, "auth-cache-key", LEFT, NOBODY, "",                     \
      "Tokens that were verified are cached anyway.")                         \
    A(AUTH_CACHE_TIME, "auth-cache-duration", LEFT, NOBODY, "",               \
      "Tokens that were verified are cached anyway.")                         \
    A(AUTH_KEEPALIVE, "auth-keepalive", LEFT, NOBODY, "", "See auth-url.")    \
    A(AUTH_KEEPALIVE_VARS, "auth-keepalive-share-vars", LEFT, NOBODY, "",     \
      "See auth-url.")                                                        \
    A(AUTH_KEEPALIVE_N, "auth-keepalive-requests", LEFT, NOBODY, "",          \
      "See auth-url.")                                                        \
    A(AUTH_KEEPALIVE_TIME, "auth-keepalive-timeout", LEFT, NOBODY, "",        \
      "See auth-url.")                                                        \
    A(AUTH_ALWAYS_COOKIE, "auth-always-set-cookie", LEFT, NOBODY, "",         \
      "See auth-url.")                                                        \
    A(AUTH_SNIPPET, "auth-snippet", LEFT, SHUT, "",                           \
      "Text of nginx's configuration is never taken over.")                   \
    A(GLOBAL_AUTH, "enable-global-auth", LEFT, OWN, "",                       \
      "See global-auth-url of the ConfigMap.")                                \
    A(SATISFY, "satisfy", LEFT, OWN, "",                                      \
      "any: addresses or credentials.  Write a deny rule with both; without " \
      "it both are needed.")                                                  \
    A(TLS_SECRET, "auth-tls-secret", NEAR, OWN, "",                           \
      "ssl_client_certificate of the host, whose file is to be mounted, and " \
      "a deny rule on connection.mtls.  Routes of a host with two such "      \
      "Secrets, or without tls, are closed.")                                 \
    A(TLS_VERIFY, "auth-tls-verify-client", NEAR, OWN, "",                    \
      "ssl_verify_client of the host; the deny rule holds where it is on.")   \
    A(TLS_DEPTH, "auth-tls-verify-depth", DONE, OWN, "",                      \
      "ssl_verify_depth of the host.")                                        \
    A(TLS_ERROR, "auth-tls-error-page", LEFT, NOBODY, "",                     \
      "error_page 403 in nginx, to a location with `weir off`.")              \
    A(TLS_PASS, "auth-tls-pass-certificate-to-upstream", LEFT, NOBODY, "",    \
      "`transform.request.set` with connection.subject_peer_certificate, or " \
      "proxy_set_header with $ssl_client_escaped_cert.")                      \
    A(TLS_CN, "auth-tls-match-cn", LEFT, SHUT, "",                            \
      "Routes are closed.  `mtls` of the policy knows callers by their "      \
      "certificates.")

#define IMP_ROWS_EDGE(A)                                                      \
    A(CORS, "enable-cors", DONE, OWN, "", "`cors` of the routes.")            \
    A(CORS_ORIGIN, "cors-allow-origin", DONE, OWN, "", "`origins`; * unless " \
      "given.")                                                               \
    A(CORS_METHODS, "cors-allow-methods", DONE, OWN, "", "`methods`.")        \
    A(CORS_HEADERS, "cors-allow-headers", DONE, OWN, "", "`headers`.")        \
    A(CORS_EXPOSE, "cors-expose-headers", DONE, OWN, "", "`expose`.")         \
    A(CORS_CREDENTIALS, "cors-allow-credentials", NEAR, OWN, "",              \
      "`credentials`; but not where any origin is let in: browsers refuse "   \
      "both together.")                                                       \
    A(CORS_AGE, "cors-max-age", DONE, OWN, "", "`max_age`.")                  \
    A(REWRITE, "rewrite-target", DONE, OWN, "",                               \
      "`transform.request.path`; $1 to $9 are the segment or the rest that "  \
      "the group of the path takes.")                                         \
    A(REGEX, "use-regex", NEAR, OWN, "",                                      \
      "Paths of the host are patterns, translated segment by segment.  "      \
      "Literal segments tell capitals apart.")                                \
    A(APP_ROOT, "app-root", DONE, OWN, "", "A redirect of / by nginx.")       \
    A(PERMANENT, "permanent-redirect", DONE, OWN, "",                         \
      "A redirect by nginx, of the requests that the route lets in.")         \
    A(PERMANENT_CODE, "permanent-redirect-code", DONE, OWN, "", "Its code.")  \
    A(TEMPORAL, "temporal-redirect", DONE, OWN, "", "The same with 302.")     \
    A(TEMPORAL_CODE, "temporal-redirect-code", DONE, OWN, "", "Its code.")    \
    A(RELATIVE, "relative-redirects", DONE, OWN, "", "absolute_redirect.")    \
    A(SSL_REDIRECT, "ssl-redirect", DONE, OWN, "",                            \
      "A redirect to https by nginx, on unless given for hosts with `tls`.")  \
    A(FORCE_SSL, "force-ssl-redirect", NEAR, OWN, "",                         \
      "The same without `tls`: by X-Forwarded-Proto, which a balancer in "    \
      "front must set.")                                                      \
    A(SLASH, "preserve-trailing-slash", DONE, NOBODY, "",                     \
      "A redirect to https keeps the path as it is.")                         \
    A(WWW, "from-to-www-redirect", DONE, OWN, "",                             \
      "A server of nginx that redirects to the host.")                        \
    A(ALIAS, "server-alias", NEAR, OWN, "",                                   \
      "The same routes for each of these hosts.  Patterns (~) are not taken "  \
      "over.")                                                                \
    A(PREFIX, "x-forwarded-prefix", DONE, OWN, "",                            \
      "`transform.request.set`.")                                             \
    A(HEADERS, "custom-headers", DONE, OWN, "",                               \
      "`transform.response.set`, where the ConfigMap is among the manifests.")\
    A(VHOST, "upstream-vhost", DONE, OWN, "", "proxy_set_header Host.")       \
    A(ERRORS, "custom-http-errors", LEFT, NOBODY, "",                         \
      "proxy_intercept_errors and error_page in nginx, to a location with "   \
      "`weir off`.")                                                          \
    A(DEFAULT_BACKEND, "default-backend", LEFT, NOBODY, "",                   \
      "Who answers while the Service has no endpoints: a server with "        \
      "`backup` in the upstream block.")                                      \
    A(DISABLE_INTERCEPT, "disable-proxy-intercept-errors", DONE, NOBODY, "",  \
      "Errors of upstreams are not intercepted.")

#define IMP_ROWS_PROXY(A)                                                     \
    A(PROTOCOL, "backend-protocol", DONE, OWN, "",                            \
      "HTTP and HTTPS: the scheme of proxy_pass; GRPC and GRPCS: grpc_pass."  \
      "  FCGI is not taken over.")                                            \
    A(BODY_SIZE, "proxy-body-size", DONE, SIZE, "client_max_body_size", "")   \
    A(BODY_BUFFER, "client-body-buffer-size", DONE, SIZE,                     \
      "client_body_buffer_size", "")                                          \
    A(CONNECT, "proxy-connect-timeout", DONE, TIME, "proxy_connect_timeout",  \
      "")                                                                     \
    A(SEND, "proxy-send-timeout", DONE, TIME, "proxy_send_timeout", "")       \
    A(READ, "proxy-read-timeout", DONE, TIME, "proxy_read_timeout", "")       \
    A(NEXT, "proxy-next-upstream", DONE, WORDS, "proxy_next_upstream", "")    \
    A(NEXT_TIME, "proxy-next-upstream-timeout", DONE, TIME,                   \
      "proxy_next_upstream_timeout", "")                                      \
    A(NEXT_TRIES, "proxy-next-upstream-tries", DONE, COUNT,                   \
      "proxy_next_upstream_tries", "")                                        \
    A(REQUEST_BUFFERING, "proxy-request-buffering", DONE, FLAG,               \
      "proxy_request_buffering", "")                                          \
    A(BUFFERING, "proxy-buffering", DONE, FLAG, "proxy_buffering", "")        \
    A(BUFFERS, "proxy-buffers-number", DONE, OWN, "",                         \
      "proxy_buffers, of the size of proxy-buffer-size.")                     \
    A(BUFFER, "proxy-buffer-size", DONE, SIZE, "proxy_buffer_size", "")       \
    A(BUSY, "proxy-busy-buffers-size", DONE, SIZE, "proxy_busy_buffers_size", \
      "")                                                                     \
    A(TEMP_FILE, "proxy-max-temp-file-size", DONE, SIZE,                      \
      "proxy_max_temp_file_size", "")                                         \
    A(HTTP_VERSION, "proxy-http-version", DONE, OWN, "", "proxy_http_version.")\
    A(COOKIE_DOMAIN, "proxy-cookie-domain", DONE, WORDS,                      \
      "proxy_cookie_domain", "")                                              \
    A(COOKIE_PATH, "proxy-cookie-path", DONE, WORDS, "proxy_cookie_path", "") \
    A(REDIRECT_FROM, "proxy-redirect-from", DONE, OWN, "", "proxy_redirect.") \
    A(REDIRECT_TO, "proxy-redirect-to", DONE, OWN, "", "proxy_redirect.")     \
    A(CONNECTION, "connection-proxy-header", LEFT, NOBODY, "",                \
      "proxy_set_header Connection in nginx, with the others of the server "  \
      "beside it.")                                                           \
    A(SSL_SECRET, "proxy-ssl-secret", LEFT, NOBODY, "",                       \
      "proxy_ssl_certificate, proxy_ssl_certificate_key and "                 \
      "proxy_ssl_trusted_certificate in nginx, of files to be mounted.")      \
    A(SSL_VERIFY, "proxy-ssl-verify", LEFT, NOBODY, "",                       \
      "proxy_ssl_verify in nginx, with proxy_ssl_trusted_certificate.")       \
    A(SSL_DEPTH, "proxy-ssl-verify-depth", DONE, COUNT,                       \
      "proxy_ssl_verify_depth", "")                                           \
    A(SSL_NAME, "proxy-ssl-name", DONE, WORDS, "proxy_ssl_name", "")          \
    A(SSL_SERVER_NAME, "proxy-ssl-server-name", DONE, FLAG,                   \
      "proxy_ssl_server_name", "")                                            \
    A(SSL_CIPHERS, "proxy-ssl-ciphers", DONE, WORDS, "proxy_ssl_ciphers", "") \
    A(SSL_PROTOCOLS, "proxy-ssl-protocols", DONE, WORDS,                      \
      "proxy_ssl_protocols", "")                                              \
    A(HASH, "upstream-hash-by", NEAR, OWN, "",                                \
      "hash in the upstream block: of use with the addresses of pods, as of " \
      "a headless Service.")                                                  \
    A(HASH_SUBSET, "upstream-hash-by-subset", LEFT, NOBODY, "",               \
      "nginx has no subsets.")                                                \
    A(HASH_SUBSET_SIZE, "upstream-hash-by-subset-size", LEFT, NOBODY, "",     \
      "nginx has no subsets.")                                                \
    A(BALANCE, "load-balance", LEFT, NOBODY, "",                              \
      "Upstreams are Services, which balance themselves; with a headless "    \
      "one, least_conn or hash in its upstream block.")                       \
    A(SERVICE, "service-upstream", DONE, OWN, "",                             \
      "Upstreams are Services by name, always.")                              \
    A(AFFINITY, "affinity", LEFT, NOBODY, "",                                 \
      "sessionAffinity: ClientIP of the Service, or a headless one with "     \
      "`hash $cookie_NAME consistent` in its upstream block; which version a "\
      "client gets is `sticky` or `cookie` of a split.")                      \
    A(AFFINITY_MODE, "affinity-mode", LEFT, NOBODY, "", "See affinity.")      \
    A(COOKIE_NAME, "session-cookie-name", LEFT, NOBODY, "", "See affinity.")  \
    A(COOKIE_PATH_OF, "session-cookie-path", LEFT, NOBODY, "",                \
      "See affinity.")                                                        \
    A(COOKIE_DOMAIN_OF, "session-cookie-domain", LEFT, NOBODY, "",            \
      "See affinity.")                                                        \
    A(COOKIE_EXPIRES, "session-cookie-expires", LEFT, NOBODY, "",             \
      "See affinity.")                                                        \
    A(COOKIE_AGE, "session-cookie-max-age", LEFT, NOBODY, "", "See affinity.")\
    A(COOKIE_CHANGE, "session-cookie-change-on-failure", LEFT, NOBODY, "",    \
      "See affinity.")                                                        \
    A(COOKIE_SAMESITE, "session-cookie-samesite", LEFT, NOBODY, "",           \
      "See affinity.")                                                        \
    A(COOKIE_NONE, "session-cookie-conditional-samesite-none", LEFT, NOBODY,  \
      "", "See affinity.")                                                    \
    A(COOKIE_SECURE, "session-cookie-secure", LEFT, NOBODY, "",               \
      "See affinity.")                                                        \
    A(COOKIE_HASH, "session-cookie-hash", LEFT, NOBODY, "", "See affinity.")

#define IMP_ROWS_SERVER(A)                                                    \
    A(SNIPPET, "configuration-snippet", LEFT, NOBODY, "",                     \
      "Text of nginx's configuration is never taken over: it could say "      \
      "anything.  Read it, and write what it does into server.conf.  Routes " \
      "are closed where it says more than headers and settings.")             \
    A(SERVER_SNIPPET, "server-snippet", LEFT, NOBODY, "",                     \
      "As configuration-snippet, of all routes of the hosts.")                \
    A(STREAM_SNIPPET, "stream-snippet", LEFT, NOBODY, "",                     \
      "Text of nginx's configuration is never taken over; Weir is of http.")  \
    A(PASSTHROUGH, "ssl-passthrough", LEFT, SHUT, "",                         \
      "Weir does not see inside of such a connection: a stream server of "    \
      "nginx with ssl_preread.")                                              \
    A(CIPHERS, "ssl-ciphers", DONE, OWN, "", "ssl_ciphers of the host.")      \
    A(PREFER, "ssl-prefer-server-ciphers", DONE, OWN, "",                     \
      "ssl_prefer_server_ciphers of the host.")                               \
    A(PUSH, "http2-push-preload", LEFT, NOBODY, "",                           \
      "nginx has no server push any more, and browsers neither.")             \
    A(ACCESS_LOG, "enable-access-log", DONE, OWN, "", "access_log off.")      \
    A(REWRITE_LOG, "enable-rewrite-log", DONE, FLAG, "rewrite_log", "")       \
    A(MODSEC, "enable-modsecurity", LEFT, NOBODY, "",                         \
      "Weir is no web application firewall: libnginx-mod-http-modsecurity "   \
      "goes along with it.")                                                  \
    A(MODSEC_OWASP, "enable-owasp-core-rules", LEFT, NOBODY, "",              \
      "See enable-modsecurity.")                                              \
    A(MODSEC_OWASP_OLD, "enable-owasp-modsecurity-crs", LEFT, NOBODY, "",     \
      "See enable-modsecurity.")                                              \
    A(MODSEC_ID, "modsecurity-transaction-id", LEFT, NOBODY, "",              \
      "See enable-modsecurity.")                                              \
    A(MODSEC_SNIPPET, "modsecurity-snippet", LEFT, NOBODY, "",                \
      "See enable-modsecurity.")                                              \
    A(OTEL, "enable-opentelemetry", NEAR, OWN, "",                            \
      "weir_trace; where spans go is weir_otlp, by hand.")                    \
    A(OTEL_TRUST, "opentelemetry-trust-incoming-span", LEFT, NOBODY, "",      \
      "`trust` of weir_trace.")                                               \
    A(OTEL_NAME, "opentelemetry-operation-name", LEFT, NOBODY, "",            \
      "Spans are named after their route.")                                   \
    A(TRACING, "enable-opentracing", LEFT, NOBODY, "",                        \
      "weir_trace and weir_otlp.")                                            \
    A(TRACING_TRUST, "opentracing-trust-incoming-span", LEFT, NOBODY, "",     \
      "`trust` of weir_trace.")                                               \
    A(INFLUX, "enable-influxdb", LEFT, NOBODY, "",                            \
      "weir_metrics, which Prometheus and Telegraf read.")                    \
    A(SECURE_VERIFY, "secure-verify-ca-secret", LEFT, NOBODY, "",             \
      "See proxy-ssl-secret.")                                                \
    A(BASE_URL, "add-base-url", LEFT, NOBODY, "",                             \
      "sub_filter in nginx; ingress-nginx has dropped it, too.")

#define IMP_ROWS(A)                                                           \
    IMP_ROWS_SPLITS(A)                                                        \
    IMP_ROWS_LIMITS(A)                                                        \
    IMP_ROWS_ACCESS(A)                                                        \
    IMP_ROWS_EDGE(A)                                                          \
    IMP_ROWS_PROXY(A)                                                         \
    IMP_ROWS_SERVER(A)

/*
 * Keys of the controller's ConfigMap; the columns are the same, with the
 * server's directives.
 */
#define IMP_KEYS(A)                                                           \
    A(G_ALLOWLIST, "whitelist-source-range", DONE, OWN, "",                   \
      "A list, and a deny rule of the policy in phase connect.")              \
    A(G_ALLOWLIST_NEW, "allowlist-source-range", DONE, OWN, "",               \
      "The same by its newer name.")                                          \
    A(G_DENYLIST, "denylist-source-range", DONE, OWN, "",                     \
      "A list, and a deny rule of the policy in phase connect.")              \
    A(G_BLOCK, "block-cidrs", DONE, OWN, "",                                  \
      "A list, and a deny rule of the policy in phase connect.")              \
    A(G_LIMIT_STATUS, "limit-req-status-code", DONE, OWN, "",                 \
      "`status` of limits.")                                                  \
    A(G_CONN_STATUS, "limit-conn-status-code", DONE, OWN, "",                 \
      "`status` of limits of connections.")                                   \
    A(G_SSL_REDIRECT, "ssl-redirect", DONE, OWN, "",                          \
      "What holds where no annotation says it.")                              \
    A(G_FORCE_SSL, "force-ssl-redirect", NEAR, OWN, "",                       \
      "The same; see the annotation.")                                        \
    A(G_AUTH, "global-auth-url", LEFT, SHUT, "",                              \
      "Routes are closed, unless `enable-global-auth` of their Ingress is "   \
      "\"false\".  See auth-url.")                                            \
    A(G_BODY_SIZE, "proxy-body-size", DONE, SIZE, "client_max_body_size", "") \
    A(G_BODY_BUFFER, "client-body-buffer-size", DONE, SIZE,                   \
      "client_body_buffer_size", "")                                          \
    A(G_BODY_TIME, "client-body-timeout", DONE, TIME, "client_body_timeout",  \
      "")                                                                     \
    A(G_HEADER_TIME, "client-header-timeout", DONE, TIME,                     \
      "client_header_timeout", "")                                            \
    A(G_HEADER_BUFFER, "client-header-buffer-size", DONE, SIZE,               \
      "client_header_buffer_size", "")                                        \
    A(G_LARGE, "large-client-header-buffers", DONE, WORDS,                    \
      "large_client_header_buffers", "")                                      \
    A(G_CONNECT, "proxy-connect-timeout", DONE, TIME, "proxy_connect_timeout",\
      "")                                                                     \
    A(G_SEND, "proxy-send-timeout", DONE, TIME, "proxy_send_timeout", "")     \
    A(G_READ, "proxy-read-timeout", DONE, TIME, "proxy_read_timeout", "")     \
    A(G_NEXT, "proxy-next-upstream", DONE, WORDS, "proxy_next_upstream", "")  \
    A(G_NEXT_TIME, "proxy-next-upstream-timeout", DONE, TIME,                 \
      "proxy_next_upstream_timeout", "")                                      \
    A(G_NEXT_TRIES, "proxy-next-upstream-tries", DONE, COUNT,                 \
      "proxy_next_upstream_tries", "")                                        \
    A(G_REQUEST_BUFFERING, "proxy-request-buffering", DONE, FLAG,             \
      "proxy_request_buffering", "")                                          \
    A(G_BUFFERING, "proxy-buffering", DONE, FLAG, "proxy_buffering", "")      \
    A(G_BUFFER, "proxy-buffer-size", DONE, SIZE, "proxy_buffer_size", "")     \
    A(G_KEEP_ALIVE, "keep-alive", DONE, TIME, "keepalive_timeout", "")        \
    A(G_KEEP_REQUESTS, "keep-alive-requests", DONE, COUNT,                    \
      "keepalive_requests", "")                                               \
    A(G_TOKENS, "server-tokens", DONE, FLAG, "server_tokens", "")             \
    A(G_UNDERSCORES, "enable-underscores-in-headers", DONE, FLAG,             \
      "underscores_in_headers", "")                                           \
    A(G_INVALID, "ignore-invalid-headers", DONE, FLAG,                        \
      "ignore_invalid_headers", "")                                           \
    A(G_PROTOCOLS, "ssl-protocols", DONE, WORDS, "ssl_protocols", "")         \
    A(G_CIPHERS, "ssl-ciphers", DONE, WORDS, "ssl_ciphers", "")               \
    A(G_SNIPPET, "http-snippet", LEFT, NOBODY, "",                            \
      "As the annotation configuration-snippet, of all routes.")              \
    A(G_SERVER_SNIPPET, "server-snippet", LEFT, NOBODY, "",                   \
      "As the annotation configuration-snippet, of all routes.")              \
    A(G_LOCATION_SNIPPET, "location-snippet", LEFT, NOBODY, "",               \
      "As the annotation configuration-snippet, of all routes.")              \
    A(G_MAIN_SNIPPET, "main-snippet", LEFT, NOBODY, "",                       \
      "Text of nginx's configuration is never taken over.")                   \
    A(G_FORWARDED, "use-forwarded-headers", LEFT, NOBODY, "",                 \
      "set_real_ip_from and real_ip_header in nginx: addresses of the "       \
      "balancers in front, and no others.")                                   \
    A(G_PROXY_PROTOCOL, "use-proxy-protocol", LEFT, NOBODY, "",               \
      "`listen ... proxy_protocol` and real_ip_header in nginx.")             \
    A(G_HSTS, "hsts", LEFT, NOBODY, "",                                       \
      "`transform.response.set` with strict-transport-security, or "          \
      "add_header in nginx.")                                                 \
    A(G_MODSEC, "enable-modsecurity", LEFT, NOBODY, "",                       \
      "Weir is no web application firewall.")                                 \
    A(G_SNIPPETS, "allow-snippet-annotations", DONE, NOBODY, "",              \
      "Snippets are never taken over.")

typedef enum {
#define A(id, name, fate, who, directive, text)  IMP_##id,
    IMP_ROWS(A)
    IMP_ROW_COUNT,
    IMP_BEFORE_KEYS = IMP_ROW_COUNT - 1,
    IMP_KEYS(A)
    IMP_ALL_COUNT
#undef A
} imp_row_id_t;

#endif
