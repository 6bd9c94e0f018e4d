/*
 * ngx_http_weir_clock.h: a clock that only goes forward, as it is and as nginx
 * has it, which stands still within a turn of the event loop.
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


/* ns of it, exact to a ms, when this turn began */
static ngx_inline int64_t
ngx_http_weir_turn_clock(void)
{
    return (int64_t) ngx_current_msec * 1000000;
}

#endif
