/*
 * redact.h: what a policy may have hashed in the audit log, and in spans: the
 * names of attributes that lines of the log have.
 */

#ifndef WEIR_IMAGE_REDACT_H
#define WEIR_IMAGE_REDACT_H

#define WEIR_REDACTED(R)                                                      \
    R("request.id") R("trace.id") R("tenant.id") R("route.id")                \
    R("principal.sub") R("request.method") R("request.host")                  \
    R("request.path") R("source.ip")

#endif
