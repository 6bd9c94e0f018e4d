/*
 * watch_metrics.h: the metrics of weir watch: name, type, labels, help, as in
 * run/metrics_table.h; the sample is what watch_answer.c prints by the id.
 */

#ifndef WEIR_CLI_WATCH_METRICS_H
#define WEIR_CLI_WATCH_METRICS_H

#define WEIR_WATCH_METRICS(M)                                                 \
    M(BUILD, "weir_watch_build_info", GAUGE, "version", "Always 1.")          \
    M(VALID, "weir_watch_source_valid", GAUGE, "",                            \
      "1: the image is that of the source as it is; 0: the source has errors "\
      "or is not there, or its image could not be written.")                  \
    M(COMPILES, "weir_watch_compiles", COUNTER, "result",                     \
      "Compilations, by how they ended: ok or error.")                        \
    M(SUCCESS, "weir_watch_last_success_timestamp_seconds", GAUGE, "",        \
      "When the source was last compiled without an error; 0: never.")        \
    M(IMAGE, "weir_watch_image_info", GAUGE, "digest",                        \
      "The image that was last made, with the digest of weir_policy_info; "   \
      "always 1.")

#endif
