/*
 * ngx_http_weir_clock.h: a clock that only goes forward, finer than nginx's,
 * which stands still within a turn of the event loop.
 */

#ifndef NGX_HTTP_WEIR_CLOCK_H
#define NGX_HTTP_WEIR_CLOCK_H

#include <ngx_config.h>
#include <ngx_core.h>


/* ns of CLOCK_MONOTONIC */
static ngx_inline int64_t
ngx_http_weir_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#endif
