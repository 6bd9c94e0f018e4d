{{- define "weir.nginx" -}}
{{- with .Values.nginx -}}
{{- if .loadModule -}}
load_module {{ .loadModule }};
{{ end -}}
worker_processes {{ .workers }};
worker_shutdown_timeout {{ $.Values.drain.timeout }}s;
pid /run/weir/nginx.pid;
error_log stderr {{ .errorLevel }};
{{- with .main }}
{{ . | trim }}
{{- end }}

events {
    worker_connections {{ .connections }};
}

http {
    weir_policy /run/weir/policy.weir check=1s last_good=/var/lib/weir/last_good.weir
        {{- if $.Values.signing.existingSecret }} verify_key=signing/policy.key.pub{{ end }};
    weir_zone {{ .zone }};
    weir_metrics_zone {{ .metricsZone }};
    weir_state_file /var/lib/weir/splits;
    weir_drain /run/weir/draining;
    weir_jwks_cache /var/lib/weir/jwks;
    weir_audit_log {{ .auditLog }};
    access_log {{ .accessLog }};
{{- with $.Values.redis }}
{{- if .url }}
    weir_redis {{ .url | quote }}
        {{- with .user }} user={{ . }}{{ end }}
        {{- if include "weir.redis" $ }} password_file=redis/{{ empty .existingSecret | ternary "password" .passwordKey }}{{ end }}
        {{- with .options }} {{ . }}{{ end }};
{{- end }}
{{- end }}
{{- if .resolver }}
    resolver {{ join " " .resolver }};
{{- else }}
    include /run/weir/resolver.conf;
{{- end }}

    server_tokens off;
    client_max_body_size {{ .maxBody }};
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
{{- $scheme := "$scheme" }}
{{- with $.Values.realIp }}
{{- if and .from (ne .header "proxy_protocol") }}
{{- $scheme = "$client_scheme" }}

    # the proxies say whether they were asked with TLS
    geo $realip_remote_addr $from_proxy {
        default 0;
{{- range .from }}
        {{ . }} 1;
{{- end }}
    }

    map $from_proxy:$http_x_forwarded_proto $client_scheme {
        default   $scheme;
        "1:http"  http;
        "1:https" https;
    }
{{- end }}
{{- end }}

    map $http_upgrade $upgrade {
        default upgrade;
        ""      "";
    }
{{- with .http }}

{{ . | trim | indent 4 }}
{{- end }}
{{- range $name, $is := $.Values.upstreams }}
{{- if kindIs "string" $is }}{{ $is = dict "servers" (list $is) }}{{ end }}

    upstream {{ $name }} {
{{- range $is.servers }}
        server {{ . }};
{{- end }}
{{- with $is.config }}
{{ . | trim | indent 8 }}
{{- end }}
        keepalive {{ $is.keepalive | default 32 }};
    }
{{- end }}

    server {
{{- $proxied := "" }}
{{- if and $.Values.realIp.from (eq $.Values.realIp.header "proxy_protocol") }}{{ $proxied = " proxy_protocol" }}{{ end }}
        listen 8080{{ $proxied }};
{{- if .ipv6 }}
        listen [::]:8080{{ $proxied }};
{{- end }}
{{- with $.Values.tls }}
{{- if .enabled }}
        listen 8443 ssl{{ $proxied }};
{{- if $.Values.nginx.ipv6 }}
        listen [::]:8443 ssl{{ $proxied }};
{{- end }}
        http2 on;
        ssl_certificate tls/tls.crt;
        ssl_certificate_key tls/tls.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:10m;
        ssl_session_tickets off;
{{- if ne .verifyClient "off" }}
        ssl_verify_client {{ .verifyClient }};
        ssl_client_certificate {{ empty .clientAuthorities | ternary "tls/ca.crt" "client-authorities.pem" }};
{{- end }}
{{- end }}
{{- end }}

        weir on;
{{- with $.Values.realIp }}
{{- if .from }}

        # not of http {}: operators would be who they say, too
        real_ip_header {{ .header }};
        real_ip_recursive on;
{{- range .from }}
        set_real_ip_from {{ . }};
{{- end }}
{{- end }}
{{- end }}

        location / {
            proxy_pass http://$weir_upstream;

            proxy_http_version 1.1;
            proxy_set_header Upgrade           $http_upgrade;
            proxy_set_header Connection        $upgrade;
            proxy_set_header Host              $host;
            proxy_set_header X-Forwarded-For   $remote_addr;
            proxy_set_header X-Forwarded-Host  $host;
            proxy_set_header X-Real-IP         $remote_addr;
            proxy_set_header Forwarded         "";
            proxy_set_header X-Forwarded-Proto {{ $scheme }};
            proxy_set_header X-Tenant          $weir_tenant;
            proxy_set_header X-User            $weir_subject;
            proxy_set_header X-Request-Id      $weir_request_id;
{{- with .location }}

{{ . | trim | indent 12 }}
{{- end }}
        }
{{- with .server }}

{{ . | trim | indent 8 }}
{{- end }}
    }

    # A page that a browser of operators has open asks by a name of its own,
    # which its DNS may say is this machine.
    map $host $foreign {
        default   1;
        localhost 0;
        127.0.0.1 0;
        "[::1]"   0;
    }

    # For operators: not in the Service, and in the NetworkPolicy.
    server {
        listen 8081;
{{- if .ipv6 }}
        listen [::]:8081;
{{- end }}

        weir off;
        weir_audit_log off;
        access_log off;
        gzip on;
        gzip_types text/plain application/json application/openmetrics-text;

        # nginx does not start without a policy
        location = /healthz { return 200 "ok\n"; }
        location = /readyz  { return 200 "ready\n"; }

        location = /metrics { weir off; weir_metrics; }
        location = /status  { weir off; weir_status; }

        # kubectl port-forward: what tenants used, and orders
        location = /usage {
            if ($foreign) { return 421; }
            weir off; allow 127.0.0.1; allow ::1; deny all; weir_usage all;
        }
        location = /dashboard {
            if ($foreign) { return 421; }
            weir off; allow 127.0.0.1; allow ::1; deny all; weir_dashboard;
        }
        location = /control {
            if ($foreign) { return 421; }
            weir off; allow 127.0.0.1; allow ::1; deny all; weir_control;
        }

        location / { return 404; }
    }
}
{{- end }}
{{- end }}
