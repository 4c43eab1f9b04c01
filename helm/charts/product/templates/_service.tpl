{{/* The address families of a Service. Takes the root. */}}
{{- define "product.families" -}}
{{- with .Values.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.ipFamilies }}
ipFamilies:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
A port of a Service, under the number that the container has, so that addresses are the same everywhere. gRPC without TLS
is what Gateways know as `kubernetes.io/h2c`.
*/}}
{{- define "product.servicePort" -}}
{{- $protocols := dict "http" "http" "https" "https" "grpc" "kubernetes.io/h2c" -}}
- name: {{ .name | quote }}
  port: {{ .port.number | int }}
  targetPort: {{ .name | quote }}
  {{- with get $protocols (.port.protocol | default "http") }}
  appProtocol: {{ . }}
  {{- end }}
  {{- if and .published .port.nodePort }}
  nodePort: {{ .port.nodePort | int }}
  {{- end }}
{{- end }}
