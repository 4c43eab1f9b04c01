{{/* What all names begin with: the release's name. */}}
{{- define "services.fullname" -}}
{{- .Values.fullnameOverride | default (.Release.Name | replace "." "-") -}}
{{- end }}

{{/*
The name of an object. Takes root and parts. 52 characters, because a StatefulSet puts its name and a hash into a label.
*/}}
{{- define "services.objectName" -}}
{{- $name := prepend .parts (include "services.fullname" .root) | join "-" -}}
{{- if gt (len $name) 52 -}}
{{- fail (printf "the name `%s` has more than 52 characters: set a shorter fullnameOverride" $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the name `%s` does not begin with a letter, as a Service's must: set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* What pods are selected by. Takes root and name. */}}
{{- define "services.selector" -}}
app.kubernetes.io/name: {{ .root.Values.nameOverride | default "services" | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .name | quote }}
{{- end }}

{{/* The metadata of an object. Takes root, parts of its name, and name. */}}
{{- define "services.metadata" -}}
{{- $labels := include "services.selector" . | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
name: {{ include "services.objectName" . | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- mustMerge $labels .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The reference of an image, by digest. Takes root and image. The same rule as in the chart `product`. */}}
{{- define "services.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- $first := first $parts -}}
{{- $hasRegistry := and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (ternary (rest $parts) $parts $hasRegistry | join "/") -}}
{{- end -}}
{{- $repository }}{{ with .image.tag }}:{{ . }}{{ end }}@{{ .image.digest -}}
{{- end }}
