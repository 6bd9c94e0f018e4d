/*
 * json.h: what the verbs print as JSON.
 */

#ifndef WEIR_CLI_JSON_H
#define WEIR_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"

/* A string; bytes that are no UTF-8 become U+FFFD. */
json_t *weir_cli_json_str(weir_str_t s);

/* On standard output, and freed. */
void weir_cli_json_print(json_t *doc);

/* decision.c */
json_t *weir_cli_decision_json(const weir_decision_t *d);

#endif
