/*
 * rc.h: the result of every function of policy/ that can fail.
 */

#ifndef WEIR_BASE_RC_H
#define WEIR_BASE_RC_H

typedef enum {
    WEIR_OK = 0,
    WEIR_ERROR,         /* refused; the diagnostics or the reason say why */
    WEIR_DECLINED,      /* not found, not mine; no error */
    WEIR_AGAIN,         /* call again when what it waits for has come */
    WEIR_NOMEM
} weir_rc_t;

#endif
