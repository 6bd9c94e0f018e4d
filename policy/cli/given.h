/*
 * given.h: who calls, as tests and --principal say it.
 */

#ifndef WEIR_CLI_GIVEN_H
#define WEIR_CLI_GIVEN_H

#include "cli/cli.h"
#include "run/identity_prove.h"

/*
 * Takes a map, or a list of them, one a method: kind, issuer, sub, tenant,
 * roles, scopes, acr, amr, auth_time, claims, apikey.  What cannot be is
 * reported.
 */
void weir_cli_given_read(weir_diags_t *diags, const weir_node_t *node,
    cli_request_t *r);
/* The text of --principal; CLI_USAGE after it said what is wrong. */
cli_exit_t weir_cli_given_option(const char *verb, const char *text,
    cli_request_t *r);

/*
 * A principal that proves that method; WEIR_DECLINED: none was given.  A key
 * or certificate that the policy knows has the tenant and roles that it says,
 * unless others were given.
 */
weir_rc_t weir_cli_given(const weir_image_t *img, const cli_request_t *r,
    const weir_img_method_t *method, weir_principal_t *out);

/* The name of the certificate that was given; "": none was. */
weir_str_t weir_cli_given_cert(const cli_request_t *r);
/* What connection.* says of it; "": nothing. */
weir_str_t weir_cli_given_cert_attr(const cli_request_t *r, unsigned attr);


/* given_token.c */

/* By an issuer's map: what was given, and the claims that say the same. */
weir_rc_t weir_cli_given_token(const weir_image_t *img, const cli_request_t *r,
    const weir_node_t *given, uint32_t index, weir_principal_t *p);
/* A list of texts, or a text with blanks between them; NULL: none. */
weir_value_t weir_cli_node_texts(weir_arena_t *a, const weir_node_t *node);
/* RFC 3339, or a duration and "ago" before the time of the request. */
bool weir_cli_given_time(weir_str_t s, int64_t now, int64_t *out);

static inline bool
weir_cli_is_scalar(const weir_node_t *node)
{
    return node->kind != WEIR_T_MAP && node->kind != WEIR_T_LIST
           && node->kind != WEIR_T_NULL;
}


/* "" of what is no scalar, and of NULL */
static inline weir_str_t
weir_cli_node_text(const weir_node_t *node)
{
    return node != NULL && weir_cli_is_scalar(node) ? node->text.text
                                                    : weir_str("", 0);
}

#endif
