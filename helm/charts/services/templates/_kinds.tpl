{{/*
A service with what its kind adds, as JSON. Takes root and name.
  script   a file of the chart that starts it, and asks whether it is ready
  command  what starts it where there is no script
*/}}
{{- define "services.service" -}}
{{- $own := index .root.Values.services .name -}}
{{- $kinds := dict
  "postgresql" (dict "port" 5432 "runAsUser" 999 "dataPath" "/var/lib/postgresql/data" "script" "postgresql.sh")
  "redis" (dict "port" 6379 "runAsUser" 65532 "dataPath" "/data" "script" "redis.sh")
  "objects" (dict "port" 9000 "runAsUser" 65532 "dataPath" "/data")
  "temporal" (dict "port" 7233 "runAsUser" 65532 "dataPath" "/data")
-}}
{{- $service := deepCopy (index $kinds $own.kind) -}}
{{- range $key, $value := $own -}}
{{- $_ := set $service $key $value -}}
{{- end -}}
{{- if $service.command -}}
{{- $_ := unset $service "script" -}}
{{- else if eq $service.kind "temporal" -}}
{{- $command := list "temporal" "server" "start-dev" "--headless" "--ip" "0.0.0.0" "--port" (printf "%d" (int $service.port)) "--db-filename" (printf "%s/temporal.db" $service.dataPath) -}}
{{- range $service.namespaces -}}
{{- $command = concat $command (list "--namespace" .) -}}
{{- end -}}
{{- $_ := set $service "command" $command -}}
{{- end -}}
{{- toJson $service -}}
{{- end }}

{{/* What the schema cannot say. Takes the root. */}}
{{- define "services.guards" -}}
{{- if not .Values.services -}}
{{- fail "services is empty: say what the product needs, in a values file (--values)" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.from) -}}
{{- fail "networkPolicy.from is empty, so nobody could connect: name the product's pods, such as [{podSelector: {matchLabels: {app.kubernetes.io/instance: shop}}}]" -}}
{{- end -}}
{{- range $name, $service := .Values.services -}}
{{- if and (eq $service.kind "postgresql") (not $service.databases) (not $service.command) -}}
{{- fail (printf "services.%s.databases is empty: give a database, its role and the Secret with its password" $name) -}}
{{- end -}}
{{- if and (eq $service.kind "objects") (not $service.command) -}}
{{- fail (printf "services.%s.command is missing: object stores are started in different ways, so say how this one is" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* How it is asked whether it is ready. Takes service. */}}
{{- define "services.probe" -}}
{{- if .service.script }}
exec:
  command: [/bin/sh, /etc/landfall/{{ .service.script }}, ready]
{{- else if eq .service.kind "temporal" }}
grpc:
  port: {{ .service.port }}
  service: temporal.api.workflowservice.v1.WorkflowService
{{- else if .service.readinessPath }}
httpGet:
  path: {{ .service.readinessPath | quote }}
  port: service
{{- else }}
tcpSocket:
  port: service
{{- end }}
{{- end }}
