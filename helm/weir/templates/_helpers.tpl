{{- define "weir.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What is made of it has at most eleven letters more. */}}
{{- define "weir.fullname" -}}
{{- $name := include "weir.name" . -}}
{{- $full := printf "%s-%s" .Release.Name $name -}}
{{- if contains $name .Release.Name }}{{ $full = .Release.Name }}{{ end -}}
{{- .Values.fullnameOverride | default $full | replace "." "-" | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: {{ include "weir.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "weir.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{- define "weir.policy" -}}
{{- .Values.policy.existingConfigMap | default (printf "%s-policy" (include "weir.fullname" .)) }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "weir.fullname" .) }}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* Names of secrets: that is there, or that the chart makes, or none. */}}
{{- define "weir.keys" -}}
{{- with .Values.keys -}}
{{- if or .existingSecret .files -}}
{{- .existingSecret | default (printf "%s-keys" (include "weir.fullname" $)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "weir.tls" -}}
{{- with .Values.tls -}}
{{- if .enabled -}}
{{- if not (or .existingSecret (and .certificate .key)) }}
{{- fail "tls.enabled needs tls.existingSecret, or tls.certificate and tls.key" }}
{{- end }}
{{- if not (or (eq .verifyClient "off") .existingSecret .clientAuthorities) }}
{{- fail "tls.verifyClient needs tls.clientAuthorities, or ca.crt of tls.existingSecret" }}
{{- end }}
{{- .existingSecret | default (printf "%s-tls" (include "weir.fullname" $)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "weir.redis" -}}
{{- with .Values.redis -}}
{{- if and .url (or .existingSecret .password) -}}
{{- .existingSecret | default (printf "%s-redis" (include "weir.fullname" $)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The revision that this password came with.  nginx reads it when it starts,
     so pods have to be others then; a hash of it would tell it to who may read
     pods, but not Secrets.  Without a cluster, as of `helm template`, all are
     of the first. */}}
{{- define "weir.redisSince" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "weir.redis" .) | default dict -}}
{{- $since := dig "metadata" "annotations" "weir/since" "" $secret -}}
{{- if ne (dig "data" "password" "" $secret | b64dec) .Values.redis.password }}{{ $since = "" }}{{ end -}}
{{- $since | default (toString .Release.Revision) }}
{{- end }}

{{- define "weir.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A policy that is bad does not stop a pod that had a good one: after a
     node has started again, nginx has its last good one.  Without any, the
     image's entrypoint would make one of the policy that the image brings. */}}
{{- define "weir.prepare" -}}
sed -n 's/^nameserver[[:blank:]]*\([^:]*\)$/resolver \1;/p
        s/^nameserver[[:blank:]]*\(.*:.*\)$/resolver [\1];/p' \
    /etc/resolv.conf | head -n 1 >/run/weir/resolver.conf
weir compile /etc/weir/policy.yaml -o /run/weir/policy.weir{{ if .Values.signing.existingSecret }} &&
weir sign -k /etc/weir-keys/policy.key /run/weir/policy.weir{{ end }} || {
    code=$?
    [ -s /var/lib/weir/last_good.weir ] || exit $code
    [ -s /run/weir/policy.weir ] ||
        cp /var/lib/weir/last_good.weir /run/weir/policy.weir
    echo "the last good policy serves" >&2
}
{{- end }}

{{/* While the pod is taken out of the Service, connections are asked to end;
     then nginx ends when the last request has. */}}
{{- define "weir.drain" -}}
touch /run/weir/draining
sleep {{ .Values.drain.delay }}
rm -f /run/weir/draining
kill -QUIT "$(cat /run/weir/nginx.pid)"
while [ -e /run/weir/nginx.pid ]; do sleep 0.2; done
{{- end }}
