{{/* The pods of a component, as a peer. Takes root and component. */}}
{{- define "product.podsOf" -}}
podSelector:
  matchLabels:
    {{- include "product.selector" . | nindent 4 }}
{{- end }}

{{/* Whether a component may connect to another: "true" or nothing. Takes from (a component) and to (a name). */}}
{{- define "product.mayConnect" -}}
{{- if or (not (hasKey .from "connectsTo")) (has .to .from.connectsTo) }}true{{ end -}}
{{- end }}

{{/* All ports of a component, as a NetworkPolicy has them. Takes the ports. */}}
{{- define "product.policyPorts" -}}
{{- range $name, $port := . }}
- port: {{ $port.number | int }}
  protocol: TCP
{{- end }}
{{- end }}

{{/* The egress rule for names. Takes the root. */}}
{{- define "product.dns" -}}
{{- with .Values.networkPolicy.dns }}
{{- if .enabled }}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    {{- toYaml .ports | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{/*
A peer of an egress rule, with the metadata addresses cut out of "everywhere". Takes root and peer. A template cannot
reckon with addresses, so a block that holds them in another way is known by how it is written, and refused.
*/}}
{{- define "product.egressPeer" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $peer := deepCopy .peer -}}
{{- if and $peer.ipBlock (not $policy.allowMetadata) -}}
{{- $cidr := $peer.ipBlock.cidr -}}
{{- $link := "^169\\.254\\.(.*/([0-9]|[12][0-9]|3[01])|169\\.254/32)$" -}}
{{- $wide := "^1(28|60|68|69)\\.[0-9.]+/[1-9]$|^169\\.[0-9.]+/1[0-5]$|^fc00::/7$|^fd00::/[89]$|^fd00:0?ec2:" -}}
{{- if hasSuffix "/0" $cidr -}}
{{- $except := $peer.ipBlock.except | default list -}}
{{- range $policy.metadataAddresses -}}
{{- if eq (contains ":" .) (contains ":" $cidr) -}}
{{- $except = append $except . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $peer.ipBlock "except" ($except | uniq) -}}
{{- else if and (regexMatch (printf "%s|%s" $link $wide) $cidr) (not $peer.ipBlock.except) -}}
{{- fail (printf "networkPolicy.egress opens %s, which may hold the cloud's metadata address: give it an `except`, or set networkPolicy.allowMetadata=true where workload identity needs that address" $cidr) -}}
{{- end -}}
{{- end -}}
{{- toJson $peer -}}
{{- end }}

{{/* The egress rules from the values that hold for a component. Takes root and name. */}}
{{- define "product.egress" -}}
{{- range .root.Values.networkPolicy.egress }}
{{- if or (not .components) (has $.name .components) }}
- to:
    {{- range .to }}
    - {{ include "product.egressPeer" (dict "root" $.root "peer" .) | fromJson | toYaml | nindent 6 | trim }}
    {{- end }}
  {{- with .ports }}
  ports:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Who may connect to a component: components that say so, and whoever the values name for its routed and published ports
and for its metrics. Takes root, name, component and components (all of them).
*/}}
{{- define "product.ingressRules" -}}
{{- $public := dict -}}
{{- range .component.routes }}{{ $_ := set $public .port (get $.component.ports .port) }}{{ end -}}
{{- with .component.published }}{{ range .ports }}{{ $_ := set $public . (get $.component.ports .) }}{{ end }}{{ end -}}
{{- with .component.ports }}
- from:
    {{- range $from, $other := $.components }}
    {{- if include "product.mayConnect" (dict "from" $other "to" $.name) }}
    - {{ include "product.podsOf" (dict "root" $.root "component" $from) | nindent 6 | trim }}
    {{- end }}
    {{- end }}
    # The pod of `helm test`.
    - {{ include "product.podsOf" (dict "root" $.root "component" "test") | nindent 6 | trim }}
  ports:
    {{- include "product.policyPorts" . | trim | nindent 4 }}
{{- end }}
{{- if and $public .root.Values.networkPolicy.ingressFrom }}
- from:
    {{- toYaml .root.Values.networkPolicy.ingressFrom | nindent 4 }}
  ports:
    {{- include "product.policyPorts" $public | trim | nindent 4 }}
{{- end }}
{{- if and .component.metrics .root.Values.networkPolicy.metricsFrom }}
- from:
    {{- toYaml .root.Values.networkPolicy.metricsFrom | nindent 4 }}
  ports:
    {{- include "product.policyPorts" (pick .component.ports .component.metrics.port) | trim | nindent 4 }}
{{- end }}
{{- end }}
