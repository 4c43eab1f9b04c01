{{/* The product's name in labels. */}}
{{- define "product.name" -}}
{{- required "product.name is missing: give the product's short name, such as --set product.name=shop" (.Values.nameOverride | default .Values.product.name) -}}
{{- end }}

{{/* What all names begin with: the release's name, and the product's where the release is not called after it. */}}
{{- define "product.fullname" -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- $name := include "product.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name $release -}}
{{- $release -}}
{{- else -}}
{{- printf "%s-%s" $release $name -}}
{{- end -}}
{{- end }}

{{/*
The name of an object. Takes root and parts. A name that is too long is refused and never cut: cut names collide, and
Services and labels hold 63 characters at most.
*/}}
{{- define "product.objectName" -}}
{{- $name := prepend .parts (include "product.fullname" .root) | join "-" -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "the name `%s` has more than 63 characters: set a shorter fullnameOverride" $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the name `%s` does not begin with a letter, as a Service's must: set fullnameOverride" $name) -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* What pods are selected by. It never changes, because selectors cannot. Takes root and, where there is one, component. */}}
{{- define "product.selector" -}}
app.kubernetes.io/name: {{ include "product.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The labels of an object. Takes root and, where there is one, component. Common labels cannot replace the chart's own. */}}
{{- define "product.labels" -}}
{{- $own := include "product.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/part-of" (include "product.name" .root) -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- with .root.Values.product.version -}}
{{- $_ := set $own "app.kubernetes.io/version" (. | replace "+" "_") -}}
{{- end -}}
{{- mustMerge $own .root.Values.commonLabels | toYaml -}}
{{- end }}

{{/*
The labels of a pod. Takes root, component and extra labels. Neither the product's version nor the chart's is among
them: a new version would replace pods whose image has not changed.
*/}}
{{- define "product.podLabels" -}}
{{- $own := include "product.selector" (dict "root" .root "component" .component) | fromYaml -}}
{{- mustMerge $own (.extra | default dict) .root.Values.commonLabels | toYaml -}}
{{- end }}

{{/* The metadata of an object. Takes root, parts of the name, component, and extra labels and annotations. */}}
{{- define "product.metadata" -}}
name: {{ include "product.objectName" . | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- mustMerge (include "product.labels" . | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with mustMerge (deepCopy (.annotations | default dict)) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The ServiceAccount of a component. Takes root, name and component. */}}
{{- define "product.serviceAccountName" -}}
{{- $account := .component.serviceAccount -}}
{{- if $account.name -}}
{{- $account.name -}}
{{- else if $account.create -}}
{{- include "product.objectName" (dict "root" .root "parts" (list .name)) -}}
{{- else -}}
default
{{- end -}}
{{- end }}

{{/* The Secret with the certificate of the ingress; nothing without TLS. Takes the root. */}}
{{- define "product.tlsSecret" -}}
{{- with .Values.ingress.tls }}
{{- if .secretName }}
{{- .secretName }}
{{- else if or .clusterIssuer .issuer }}
{{- include "product.objectName" (dict "root" $ "parts" (list "tls")) }}
{{- end }}
{{- end }}
{{- end }}
