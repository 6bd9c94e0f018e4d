/*
 * url.h: URLs that keys are fetched from (RFC 3986, no more than is needed).
 */

#ifndef WEIR_FRONT_URL_H
#define WEIR_FRONT_URL_H

#include "base/str.h"

/*
 * NULL: https, or http to a loopback address, with a host, without user and
 * fragment.  Else what is wrong with it, as the end of a sentence.
 */
const char *weir_url_wrong(weir_str_t s);

#endif
