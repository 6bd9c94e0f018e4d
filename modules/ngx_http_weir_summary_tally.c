/*
 * ngx_http_weir_summary_tally.c: tables of what is counted by some labels, and
 * the ones that count the most.
 */

#include "ngx_http_weir_summary.h"

#define NGX_HTTP_WEIR_TALLY_BUCKETS  4096       /* of a table */


static ngx_http_weir_tally_t **ngx_http_weir_tallies_link(
    const ngx_http_weir_tallies_t *t, const weir_str_t *labels, ngx_uint_t n);


ngx_int_t
ngx_http_weir_tallies_init(ngx_http_weir_tallies_t *t, ngx_pool_t *pool)
{
    t->buckets = ngx_pcalloc(pool, NGX_HTTP_WEIR_TALLY_BUCKETS
                                   * sizeof(ngx_http_weir_tally_t *));
    if (t->buckets == NULL) {
        return NGX_ERROR;
    }

    t->last = &t->first;

    return NGX_OK;
}


ngx_http_weir_tally_t *
ngx_http_weir_tallies_find(const ngx_http_weir_tallies_t *t,
    const weir_str_t *labels, ngx_uint_t n)
{
    return *ngx_http_weir_tallies_link(t, labels, n);
}


ngx_http_weir_tally_t *
ngx_http_weir_tallies_get(ngx_http_weir_tallies_t *t, ngx_pool_t *pool,
    const weir_str_t *labels, ngx_uint_t n)
{
    ngx_http_weir_tally_t  *tally, **link;

    link = ngx_http_weir_tallies_link(t, labels, n);

    if (*link) {
        return *link;
    }

    tally = ngx_pcalloc(pool, sizeof(ngx_http_weir_tally_t));
    if (tally == NULL) {
        return NULL;
    }

    /* rows and their labels never go */

    ngx_memcpy(tally->labels, labels, n * sizeof(weir_str_t));

    *link = tally;
    *t->last = tally;
    t->last = &tally->next;

    return tally;
}


ngx_int_t
ngx_http_weir_top_init(ngx_http_weir_top_t *top, ngx_pool_t *pool,
    ngx_uint_t max)
{
    top->max = max;
    top->elts = ngx_palloc(pool, max * sizeof(ngx_http_weir_tally_t *));

    return top->elts ? NGX_OK : NGX_ERROR;
}


void
ngx_http_weir_top_add(ngx_http_weir_top_t *top, ngx_http_weir_tally_t *tally)
{
    ngx_uint_t  i;

    if (top->n == top->max) {

        if (tally->n <= top->elts[top->n - 1]->n) {
            return;
        }

        top->n--;
    }

    for (i = top->n++; i > 0 && top->elts[i - 1]->n < tally->n; i--) {
        top->elts[i] = top->elts[i - 1];
    }

    top->elts[i] = tally;
}


/* Where it is in its chain, or would be. */
static ngx_http_weir_tally_t **
ngx_http_weir_tallies_link(const ngx_http_weir_tallies_t *t,
    const weir_str_t *labels, ngx_uint_t n)
{
    uint32_t                 hash;
    ngx_uint_t               i;
    ngx_http_weir_tally_t  **link;

    ngx_crc32_init(hash);

    for (i = 0; i < n; i++) {
        ngx_crc32_update(&hash, (u_char *) labels[i].data, labels[i].len);
        ngx_crc32_update(&hash, (u_char *) "", 1);
    }

    link = &t->buckets[hash % NGX_HTTP_WEIR_TALLY_BUCKETS];

    for ( /* void */ ; *link; link = &(*link)->chain) {

        for (i = 0; i < n; i++) {
            if (!weir_str_eq((*link)->labels[i], labels[i])) {
                break;
            }
        }

        if (i == n) {
            break;
        }
    }

    return link;
}
