/*
 * ngx_http_weir_atomic.h: words of shared memory, which all processes see
 * change in one order.
 */

#ifndef NGX_HTTP_WEIR_ATOMIC_H
#define NGX_HTTP_WEIR_ATOMIC_H

#define weir_load(p)      __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define weir_store(p, v)  __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

#endif
