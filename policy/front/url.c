/*
 * url.c: what a URL must be so that what it leads to can be trusted.
 */

#include "front/url.h"
#include "base/ip.h"
#include "base/reader.h"

#define LONGEST_HOST  253u


/* RFC 3986, appendix A: unreserved, reserved and '%'. */
static bool
is_url_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z')
           || (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}


static bool
is_name(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z') || c == '-' || c == '.'))
        {
            return false;
        }
    }

    return s.len > 0 && s.len <= LONGEST_HOST && s.data[0] != '.'
           && s.data[0] != '-';
}


/* The host of what stands between "//" and the path; false: there is none. */
static bool
split_authority(weir_str_t s, weir_str_t *host)
{
    unsigned       port;
    weir_reader_t  r;

    r = weir_reader(s);

    if (weir_skip(&r, '[')) {
        r.p = memchr(r.p, ']', (size_t) (r.end - r.p));

        if (r.p == NULL) {
            return false;
        }

        *host = weir_str(s.data + 1, (size_t) (r.p - s.data) - 1);
        r.p++;

    } else {
        while (r.p < r.end && *r.p != ':') {
            r.p++;
        }

        *host = weir_str(s.data, (size_t) (r.p - s.data));
    }

    if (r.p == r.end) {
        return true;
    }

    if (!weir_skip(&r, ':') || !weir_digit(&r)) {
        return false;
    }

    for (port = 0; weir_digit(&r) && port <= 65535; r.p++) {
        port = port * 10 + (unsigned) (*r.p - '0');
    }

    return r.p == r.end && port > 0 && port <= 65535;
}


static bool
is_loopback(const weir_ip_t *ip)
{
    size_t  i;

    if (ip->len == 4) {
        return ip->bytes[0] == 127;
    }

    for (i = 0; i < 15 && ip->bytes[i] == 0; i++) {
        /* void */
    }

    return i == 15 && ip->bytes[15] == 1;
}


const char *
weir_url_wrong(weir_str_t s)
{
    bool        tls, bracket;
    size_t      i;
    weir_ip_t   ip;
    weir_str_t  host, rest;

    tls = weir_str_starts(s, weir_string("https://"));

    if (!tls && !weir_str_starts(s, weir_string("http://"))) {
        return "it begins with neither https:// nor http://";
    }

    for (i = 0; i < s.len; i++) {

        if (!is_url_char(s.data[i])) {
            return "it has a character that no URL has";
        }

        if (s.data[i] == '#') {
            return "what stands behind '#' is never sent";
        }
    }

    i = tls ? sizeof("https://") - 1 : sizeof("http://") - 1;
    rest = weir_str(s.data + i, s.len - i);

    for (i = 0; i < rest.len && rest.data[i] != '/' && rest.data[i] != '?';
         i++)
    {
        if (rest.data[i] == '@') {
            return "a name and a password do not belong into it";
        }
    }

    if (!split_authority(weir_str(rest.data, i), &host)) {
        return "its host or its port is malformed";
    }

    bracket = i > 0 && rest.data[0] == '[';

    if (weir_ip_parse(host, &ip) == WEIR_OK && (ip.len == 16) == bracket) {
        return tls || is_loopback(&ip)
               ? NULL : "http is for loopback addresses only, as 127.0.0.1";
    }

    if (bracket || !is_name(host)) {
        return "its host is neither a name nor an address";
    }

    return tls ? NULL : "http is for loopback addresses only, as 127.0.0.1";
}
