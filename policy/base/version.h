/*
 * version.h: the version of Weir, as `weir version` and images say it.
 */

#ifndef WEIR_BASE_VERSION_H
#define WEIR_BASE_VERSION_H

#define WEIR_VERSION  "0.1.0"

#endif
