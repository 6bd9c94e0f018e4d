/*
 * ngx_http_weir_audit.h: the audit log.
 *
 *     _audit.c           weir_audit_log; decisions; how a line is written
 *     _audit_line.c      a line: its fields by either set of names
 *     _audit_event.c     what became of the policy and of splits
 *
 * A line is one write of less than 4 KiB to a file that is appended to, so
 * that lines of several workers do not mix.
 */

#ifndef NGX_HTTP_WEIR_AUDIT_H
#define NGX_HTTP_WEIR_AUDIT_H

#include "ngx_http_weir.h"
#include "run/splits.h"

#define NGX_HTTP_WEIR_LINE      4096
/* what syslog wants before it: priority, time, host, tag */
#define NGX_HTTP_WEIR_LINE_TAG  512

typedef enum {
#define F(name, kind, key, ecs, attr, max, doc)  NGX_HTTP_WEIR_FIELD_##name,
    NGX_HTTP_WEIR_AUDIT_DECISION(F)
    NGX_HTTP_WEIR_AUDIT_EVENT(F)
#undef F
    NGX_HTTP_WEIR_NFIELDS
} ngx_http_weir_field_e;

typedef enum {
#define E(name, text, doc)  NGX_HTTP_WEIR_EVENT_##name,
    NGX_HTTP_WEIR_AUDIT_EVENTS(E)
#undef E
    NGX_HTTP_WEIR_NEVENTS
} ngx_http_weir_event_e;

/* One file or one server, whichever servers name it. */
struct ngx_http_weir_audit_s {
    ngx_http_weir_audit_t  *next;           /* of the configuration */
    ngx_str_t               name;           /* as it is given */
    ngx_open_file_t        *file;           /* or */
    ngx_syslog_peer_t      *syslog;
    unsigned                ecs:1;

    /* of this worker */
    time_t                  complained;
    ngx_msec_t              retry;          /* syslog: not before, if paused */
    unsigned                paused:1;
    unsigned                torn:1;         /* a line lacks its end */
};

typedef struct {
    const weir_image_t     *img;            /* that says what is redacted, or
                                               NULL */
    ngx_uint_t              ecs;
    u_char                 *start;          /* behind what syslog wants */
    u_char                 *p;
    u_char                  bytes[NGX_HTTP_WEIR_LINE_TAG + NGX_HTTP_WEIR_LINE];
} ngx_http_weir_line_t;

/* What became of the policy. */
typedef struct {
    ngx_http_weir_event_e   event;
    weir_str_t              policy;         /* name */
    uint64_t                generation;     /* that serves now */
    uint64_t                serial;
    uint64_t                has_serial;
    uint64_t                from_last_good;
    const u_char           *digest;         /* of it */

    /* POLICY_SWAPPED */
    uint64_t                previous;       /* generation */
    uint64_t                previous_serial;
    uint64_t                previous_has_serial;

    /* POLICY_REJECTED */
    weir_str_t              reason;
    weir_str_t              text;
} ngx_http_weir_policy_news_t;


/* _audit.c */

/* Ends the line and writes it; what cannot be written is counted. */
void ngx_http_weir_audit_write(ngx_http_weir_main_conf_t *wmcf,
    ngx_http_weir_audit_t *audit, ngx_http_weir_line_t *line);

/* _audit_line.c */

void ngx_http_weir_line_begin(ngx_http_weir_line_t *line,
    ngx_http_weir_audit_t *audit, const weir_image_t *img,
    ngx_http_weir_event_e event, ngx_uint_t success);
/* A field that there is no room for is left out, an empty text of an event. */
void ngx_http_weir_line_text(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field, weir_str_t text);
void ngx_http_weir_line_number(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field, uint64_t n);
void ngx_http_weir_line_true(ngx_http_weir_line_t *line,
    ngx_http_weir_field_e field);

/* _audit_event.c; each by the one worker that did it */

void ngx_http_weir_audit_policy(ngx_cycle_t *cycle,
    const ngx_http_weir_policy_news_t *news);
/* What a tick did, and the sentence that the error log has of it. */
void ngx_http_weir_audit_split(ngx_http_weir_main_conf_t *wmcf,
    const weir_image_t *img, const weir_split_news_t *news, weir_str_t text);
/* Another node says it: the word before, and now. */
void ngx_http_weir_audit_merged(ngx_http_weir_main_conf_t *wmcf,
    const weir_id_t *uid, weir_split_word_t before, weir_split_word_t word,
    weir_str_t text);
/* Somebody ordered it; arm: of PIN. */
void ngx_http_weir_audit_order(ngx_http_request_t *r,
    const weir_image_t *img, const weir_img_split_t *s,
    weir_split_order_t order, weir_str_t arm);

#endif
