/*
 * meanwhile.h: what another process does while one is about to exchange a
 * word.  Who includes this puts come() before each exchange.
 */

#ifndef WEIR_TEST_UNIT_MEANWHILE_H
#define WEIR_TEST_UNIT_MEANWHILE_H

#include <stddef.h>

static void    (*meanwhile)(void);      /* once */
static unsigned  exchanges;             /* before that one */


static inline void
come(void)
{
    void  (*call)(void);

    if (meanwhile != NULL && exchanges-- == 0) {
        exchanges = 0;
        call = meanwhile;
        meanwhile = NULL;
        call();
    }
}

#endif
