{{/* The labels of an alert. Takes severity and labels; the labels of the values win. */}}
{{- define "product.alertLabels" -}}
labels:
  {{- mustMerge (deepCopy .labels) (dict "severity" .severity) | toYaml | nindent 2 }}
{{- end }}

{{/* The image of the test, or nothing where none is configured. Takes the root. */}}
{{- define "product.testImage" -}}
{{- with .Values.test -}}
{{- if .image -}}
{{- .image -}}
{{- else if .component -}}
{{- (index $.Values.components .component).image | default .component -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What the test's pod requests: its own, else what its component does. As JSON; takes the root. */}}
{{- define "product.testResources" -}}
{{- $own := dict -}}
{{- with .Values.test.component -}}
{{- $own = (include "product.component" (dict "root" $ "name" .) | fromJson).resources -}}
{{- end -}}
{{- .Values.test.resources | default $own | toJson -}}
{{- end }}

{{/* The readiness paths of routed components, as a JSON list of addresses. Takes the root. */}}
{{- define "product.testAddresses" -}}
{{- $addresses := list -}}
{{- range $name, $component := include "product.components" . | fromJson -}}
{{- $probe := ($component.probes).readiness -}}
{{- if and $component.routes $probe -}}
{{- $port := index $component.ports $probe.port -}}
{{- $host := include "product.objectName" (dict "root" $ "parts" (list $name)) -}}
{{- $addresses = append $addresses (printf "%s://%s:%d%s" (include "product.scheme" $port) $host (int $port.number) ($probe.path | default "/")) -}}
{{- end -}}
{{- end -}}
{{- toJson $addresses -}}
{{- end }}
