/*
 * sarif.h: diagnostics in SARIF 2.1.0, as code scanning services read it.
 */

#ifndef WEIR_CLI_SARIF_H
#define WEIR_CLI_SARIF_H

#include "cli/cli.h"

/* On standard output; the diagnostics are sorted. */
void weir_cli_sarif(const weir_diags_t *d);

#endif
