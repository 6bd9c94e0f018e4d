/*
 * attrs.h: what a policy can ask about a request, one row an attribute.
 *
 * Columns: name in code, name in CEL, kind, CEL type, the phase from which it
 * exists, the longest value in bytes or entries (for the cost), who supplies
 * it, and one sentence for the reference.
 *
 * HOST attributes are asked of the server (weir_host_t) on first use; ENGINE
 * ones are set by the engine itself as the request passes its stages.
 * Absence is a typed empty value ("" 0 {}): attributes never fail.
 */

#ifndef WEIR_IMAGE_ATTRS_H
#define WEIR_IMAGE_ATTRS_H

#define WEIR_ATTRS(A)                                                         \
    A(SOURCE_IP, "source.ip", IP, "net.IP", CONNECT, 16, HOST,                \
      "client address, after nginx's realip")                                 \
    A(SOURCE_ADDRESS, "source.address", STRING, "string", CONNECT, 64, HOST,  \
      "client address and port, as address:port")                             \
    A(SOURCE_PORT, "source.port", INT, "int", CONNECT, 8, HOST,               \
      "client port")                                                          \
    A(DESTINATION_ADDRESS, "destination.address", STRING, "string", CONNECT,  \
      64, HOST, "local address and port, as address:port")                    \
    A(DESTINATION_PORT, "destination.port", INT, "int", CONNECT, 8, HOST,     \
      "local port")                                                           \
    A(CONNECTION_MTLS, "connection.mtls", BOOL, "bool", CONNECT, 1, HOST,     \
      "whether the client sent a certificate whose chain was verified")       \
    A(CONNECTION_TLS_VERSION, "connection.tls_version", STRING, "string",     \
      CONNECT, 16, HOST, "TLS version, \"\" without TLS")                     \
    A(CONNECTION_SNI, "connection.requested_server_name", STRING, "string",   \
      CONNECT, 255, HOST, "server name of the TLS handshake")                 \
    A(CONNECTION_SUBJECT, "connection.subject_peer_certificate", STRING,      \
      "string", CONNECT, 2048, HOST, "subject of the client's verified "      \
      "certificate (RFC 2253), \"\" without one")                             \
    A(CONNECTION_DNS_SAN, "connection.dns_san_peer_certificate", STRING,      \
      "string", CONNECT, 255, HOST, "its first DNS name, \"\" without one")   \
    A(CONNECTION_URI_SAN, "connection.uri_san_peer_certificate", STRING,      \
      "string", CONNECT, 2048, HOST, "its first URI, \"\" without one")       \
    A(CONNECTION_SHA256, "connection.sha256_peer_certificate_digest", STRING, \
      "string", CONNECT, 64, HOST, "SHA-256 of its DER in hex, \"\" without " \
      "one")                                                                  \
    A(REQUEST_TIME, "request.time", TIMESTAMP, "google.protobuf.Timestamp",   \
      CONNECT, 8, HOST, "when the request was received")                      \
    A(REQUEST_PATH, "request.path", STRING, "string", PREAUTH, 8192, HOST,    \
      "path and query; the path is the normalised one, escaped")              \
    A(REQUEST_URL_PATH, "request.url_path", STRING, "string", PREAUTH, 8192,  \
      ENGINE, "normalised path without the query")                            \
    A(REQUEST_QUERY, "request.query", STRING, "string", PREAUTH, 8192, HOST,  \
      "query string without the question mark, as sent")                      \
    A(REQUEST_HOST, "request.host", STRING, "string", PREAUTH, 255, ENGINE,   \
      "host in lower case, without port and trailing dot")                    \
    A(REQUEST_METHOD, "request.method", STRING, "string", PREAUTH, 32, HOST,  \
      "method as sent")                                                       \
    A(REQUEST_SCHEME, "request.scheme", STRING, "string", PREAUTH, 5, HOST,   \
      "http or https")                                                        \
    A(REQUEST_PROTOCOL, "request.protocol", STRING, "string", PREAUTH, 8,     \
      HOST, "HTTP/1.0, HTTP/1.1, HTTP/2.0 or HTTP/3.0")                       \
    A(REQUEST_HEADERS, "request.headers", MAP, "map<string, string>",         \
      PREAUTH, 256, HOST, "headers by lower-case name; several are joined "   \
      "with a comma and a space")                                             \
    A(REQUEST_COOKIES, "request.cookies", MAP, "map<string, string>",         \
      PREAUTH, 256, HOST, "cookies by name, the first of a name")             \
    A(REQUEST_PARAMS, "request.params", MAP, "map<string, string>", PREAUTH,  \
      256, HOST, "query parameters, decoded, the first of a name; an error "  \
      "where one is no text")                                                 \
    A(REQUEST_ID, "request.id", STRING, "string", PREAUTH, 64, HOST,          \
      "id of the request, as in the audit log")                               \
    A(REQUEST_CONTENT_LENGTH, "request.content_length", INT, "int", PREAUTH,  \
      8, HOST, "declared length of the body; -1 when unsized, 0 when none")   \
    A(REQUEST_REFERER, "request.referer", STRING, "string", PREAUTH, 8192,    \
      HOST, "Referer header")                                                 \
    A(REQUEST_USERAGENT, "request.useragent", STRING, "string", PREAUTH,      \
      8192, HOST, "User-Agent header")                                        \
    A(TENANT_ID, "tenant.id", STRING, "string", PREAUTH, 128, ENGINE,         \
      "id of the tenant, \"\" when there is none")                            \
    A(TENANT_PLAN, "tenant.plan", STRING, "string", PREAUTH, 128, ENGINE,     \
      "plan of the tenant, \"\" when it has none")                            \
    A(TENANT_ATTRS, "tenant.attrs", MAP, "map<string, dyn>", PREAUTH, 64,     \
      ENGINE, "attributes of the tenant as the policy gives them")            \
    A(ROUTE_ID, "route.id", STRING, "string", PREAUTH, 128, ENGINE,           \
      "id of the matched route")                                              \
    A(PRINCIPAL_SUB, "principal.sub", STRING, "string", ACCESS, 255, ENGINE,  \
      "subject, \"\" for an anonymous caller")                                \
    A(PRINCIPAL_ISS, "principal.iss", STRING, "string", ACCESS, 255, ENGINE,  \
      "issuer of the token, \"\" without one")                                \
    A(PRINCIPAL_KIND, "principal.kind", STRING, "string", ACCESS, 16, ENGINE, \
      "anonymous, jwt, apikey or mtls")                                       \
    A(PRINCIPAL_ROLES, "principal.roles", LIST, "list<string>", ACCESS, 64,   \
      ENGINE, "roles of the caller")                                          \
    A(PRINCIPAL_ACR, "principal.acr", STRING, "string", ACCESS, 255, ENGINE,  \
      "authentication context class of the token, \"\" without one")          \
    A(PRINCIPAL_AMR, "principal.amr", LIST, "list<string>", ACCESS, 64,       \
      ENGINE, "authentication methods of the token")                          \
    A(PRINCIPAL_AUTH_TIME, "principal.auth_time", TIMESTAMP,                  \
      "google.protobuf.Timestamp", ACCESS, 8, ENGINE,                         \
      "when the caller last proved who they are; 1970 when not known")        \
    A(PRINCIPAL_CLAIMS, "principal.claims", MAP, "map<string, dyn>", ACCESS,  \
      256, ENGINE, "claims of the token")                                     \
    A(APIKEY_ID, "apikey.id", STRING, "string", ACCESS, 128, ENGINE,          \
      "id of the API key, \"\" without one")                                  \
    A(APIKEY_TENANT, "apikey.tenant", STRING, "string", ACCESS, 128, ENGINE,  \
      "tenant of the API key, \"\" when it has none")                         \
    A(RESPONSE_CODE, "response.code", INT, "int", RESPONSE, 8, HOST,          \
      "status sent to the client")                                            \
    A(RESPONSE_SIZE, "response.size", INT, "int", LOG, 8, HOST,               \
      "bytes of the body sent")                                               \
    A(RESPONSE_HEADERS, "response.headers", MAP, "map<string, string>",       \
      RESPONSE, 256, HOST, "response headers by lower-case name")             \
    A(RESPONSE_BACKEND_LATENCY, "response.backend_latency", DURATION,         \
      "google.protobuf.Duration", RESPONSE, 8, HOST,                          \
      "time that the upstream which answered took to the end of its head, "   \
      "0 where none answered")                                               \
    A(SPLIT_ARM, "split.arm", STRING, "string", RESPONSE, 128, ENGINE,        \
      "arm of the split, \"\" without one")                                   \
    A(REQUEST_SIZE, "request.size", INT, "int", LOG, 8, HOST,                 \
      "bytes of the request, its head included")                              \
    A(REQUEST_DURATION, "request.duration", DURATION,                         \
      "google.protobuf.Duration", LOG, 8, HOST,                               \
      "time from the first byte of the request to the last of its answer")

typedef enum {
#define A(name, cel, kind, type, phase, max, by, doc)  WEIR_A_##name,
    WEIR_ATTRS(A)
#undef A
    WEIR_A_COUNT
} weir_attr_t;

typedef struct {
    const char  *name;          /* as written in CEL */
    const char  *type;          /* CEL type, as the checker parses it */
    const char  *doc;
    unsigned     kind;          /* weir_kind_t */
    unsigned     phase;         /* weir_phase_t */
    unsigned     max;
    unsigned     engine;        /* 1: set by the engine; 0: asked of the host */
} weir_attr_info_t;

extern const weir_attr_info_t  weir_attrs[WEIR_A_COUNT];

#endif
