/*
 * import_snippet.c: whether text of nginx's configuration may guard requests.
 *
 * It is never taken over.  Only what is known to answer nobody, to send nobody
 * elsewhere and to refuse nobody is let go; all else may have been a guard.
 */

#include "cli/import.h"

/* Directives; one that ends in '*' is a family. */
static const char *const  harmless[] = {
    "absolute_redirect", "access_log", "add_header", "add_trailer", "aio*",
    "brotli*", "charset*", "chunked_transfer_encoding", "client_body_*",
    "client_header_*", "client_max_body_size", "default_type", "directio*",
    "error_log", "etag", "expires", "fastcgi_buffer*", "fastcgi_param",
    "fastcgi_read_timeout", "grpc_set_header", "gunzip",
    "gzip*", "http2_*", "if_modified_since", "ignore_invalid_headers",
    "keepalive_*", "large_client_header_buffers", "lingering_*",
    "log_not_found", "log_subrequest", "merge_slashes",
    "more_clear_headers", "more_clear_input_headers", "more_set_headers",
    "more_set_input_headers", "open_file_cache*", "opentelemetry*",
    "output_buffers", "port_in_redirect", "postpone_output",
    "proxy_buffer*", "proxy_busy_*", "proxy_cache*", "proxy_connect_*",
    "proxy_cookie_*", "proxy_force_ranges", "proxy_headers_*",
    "proxy_hide_header", "proxy_http_version", "proxy_ignore_*",
    "proxy_limit_rate", "proxy_max_*", "proxy_next_*", "proxy_no_cache",
    "proxy_pass_*", "proxy_read_*", "proxy_redirect", "proxy_request_*",
    "proxy_send_*", "proxy_set_body", "proxy_set_header", "proxy_socket_*",
    "proxy_ssl_*", "proxy_store*", "proxy_temp_*", "read_ahead",
    "request_pool_size", "reset_timedout_connection", "resolver*",
    "send_lowat", "send_timeout", "sendfile*", "server_name_in_redirect",
    "server_tokens", "ssl_buffer_size", "ssl_ciphers", "ssl_dhparam",
    "ssl_ecdh_curve", "ssl_prefer_server_ciphers", "ssl_protocols",
    "ssl_session_*", "ssl_stapling*", "sub_filter*", "subrequest_*", "tcp_*",
    "types*", "underscores_in_headers", "zstd*"
};

/* Blocks of http{} whose lines are no directives; and what goes with them. */
static const char *const  tables[] = {
    "geo", "limit_conn_zone", "limit_req_zone", "log_format",
    "lua_package_cpath", "lua_package_path", "lua_shared_dict", "map",
    "map_hash_*", "server_names_hash_*", "split_clients", "upstream",
    "variables_hash_*"
};


static bool
is_in(weir_str_t s, const char *const *list, size_t n)
{
    size_t  i, len;

    for (i = 0; i < n; i++) {
        len = strlen(list[i]);

        if (weir_str_eq(s, weir_cstr(list[i]))
            || (list[i][len - 1] == '*'
                && weir_str_starts(s, weir_str(list[i], len - 1))))
        {
            return true;
        }
    }

    return false;
}


static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* Behind the directive that begins at i, or its brace. */
static size_t
statement_end(weir_str_t s, size_t i)
{
    char  quote;

    for (quote = '\0'; i < s.len; i++) {

        if (s.data[i] == '\\') {
            i++;

        } else if (quote != '\0') {
            quote = s.data[i] == quote ? '\0' : quote;

        } else if (s.data[i] == '"' || s.data[i] == '\'') {
            quote = s.data[i];

        } else if (strchr(";{}", s.data[i]) != NULL) {
            return i;
        }
    }

    return s.len;
}


/* Behind the block whose brace is at i. */
static size_t
block_end(weir_str_t s, size_t i)
{
    unsigned  depth;

    for (depth = 0; i < s.len; i = statement_end(s, i + 1)) {

        depth += s.data[i] == '{';
        depth -= s.data[i] == '}';

        if (depth == 0) {
            return i;
        }
    }

    return s.len;
}


bool
weir_imp_may_guard(weir_str_t s, bool http)
{
    size_t      i, n, end;
    weir_str_t  word;

    for (i = 0; i < s.len; i = end + (end < s.len)) {

        while (i < s.len && (is_space(s.data[i])
                             || strchr(";{}", s.data[i]) != NULL))
        {
            i++;
        }

        if (i == s.len) {
            break;
        }

        if (s.data[i] == '#') {

            for (end = i; end < s.len && s.data[end] != '\n'; end++) { }

            continue;
        }

        end = statement_end(s, i);

        for (n = i; n < end && !is_space(s.data[n]); n++) { }

        word = weir_str(s.data + i, n - i);

        if (http && is_in(word, tables, sizeof(tables) / sizeof(tables[0]))) {
            end = end < s.len && s.data[end] == '{' ? block_end(s, end) : end;

        } else if (!is_in(word, harmless,
                          sizeof(harmless) / sizeof(harmless[0])))
        {
            return true;
        }
    }

    return false;
}
