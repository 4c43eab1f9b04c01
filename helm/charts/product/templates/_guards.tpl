{{/*
What the schema cannot say: that things which are named are there, and that what was asked for can work. Each refusal
says what to do. Takes the root.
*/}}
{{- define "product.guards" -}}
{{- if not .Values.components -}}
{{- fail "components is empty: say what the product runs, in a values file (--values)" -}}
{{- end -}}
{{- range $name, $component := include "product.components" . | fromJson -}}
{{- $_ := include "product.image" (dict "root" $ "name" ($component.image | default $name)) -}}
{{- $context := dict "root" $ "name" $name "component" $component -}}
{{- include "product.guards.ports" $context -}}
{{- include "product.guards.environment" $context -}}
{{- include "product.guards.mounts" $context -}}
{{- include "product.guards.replicas" $context -}}
{{- end -}}
{{- include "product.guards.addresses" . -}}
{{- include "product.guards.sources" . -}}
{{- end }}

{{/* Every port that is named is one of the component's. Takes root, name and component. */}}
{{- define "product.guards.ports" -}}
{{- $named := list -}}
{{- range $probe := values (.component.probes | default dict) -}}
{{- $named = append $named $probe.port -}}
{{- end -}}
{{- range .component.routes -}}
{{- $named = append $named .port -}}
{{- end -}}
{{- with .component.published -}}
{{- $named = concat $named .ports -}}
{{- end -}}
{{- with .component.metrics -}}
{{- $named = append $named .port -}}
{{- end -}}
{{- range $named -}}
{{- if not (hasKey ($.component.ports | default dict) .) -}}
{{- fail (printf "component `%s` has no port `%s`: add components.%s.ports.%s.number" $.name . $.name .) -}}
{{- end -}}
{{- end -}}
{{- range .component.connectsTo -}}
{{- if not (hasKey $.root.Values.components .) -}}
{{- fail (printf "component `%s` connects to `%s`, which is no component: take it out of components.%s.connectsTo" $.name . $.name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A name has one value. Takes name and component. */}}
{{- define "product.guards.environment" -}}
{{- range $variable := keys (.component.secretEnv | default dict) -}}
{{- if hasKey ($.component.env | default dict) $variable -}}
{{- fail (printf "component `%s` has `%s` in both env and secretEnv: leave it in one of them" $.name $variable) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* No path is mounted twice, and no folder of secrets lies in another, where the runtime could not make it. */}}
{{- define "product.guards.mounts" -}}
{{- $paths := list -}}
{{- range include "product.mounts" (merge (dict "configMap" "" "job" false) .) | fromJsonArray -}}
{{- if has .mountPath $paths -}}
{{- fail (printf "component `%s` has two things at `%s`: move one of them" $.name .mountPath) -}}
{{- end -}}
{{- $paths = append $paths .mountPath -}}
{{- end -}}
{{- $folders := include "product.secretFolders" .component | fromJson | keys -}}
{{- range $outer := $folders -}}
{{- range $inner := $paths -}}
{{- if hasPrefix (printf "%s/" $outer) $inner -}}
{{- fail (printf "component `%s` has `%s` inside `%s`, a folder of secrets that is read-only: move one of them" $.name $inner $outer) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Takes name and component. */}}
{{- define "product.guards.replicas" -}}
{{- $c := .component -}}
{{- $most := ternary (($c.autoscaling).max | default 1) $c.replicas (eq (include "product.autoscaled" $c) "true") | int -}}
{{- if and (include "product.exclusive" $c) (gt $most 1) -}}
{{- fail (printf "component `%s` may have %d replicas and a directory that one pod alone can mount: set accessModes [ReadWriteMany] on its directories, or one replica" .name $most) -}}
{{- end -}}
{{- if include "product.autoscaled" $c -}}
{{- if lt ($c.autoscaling.max | default 1 | int) ($c.autoscaling.min | default 1 | int) -}}
{{- fail (printf "component `%s` scales to fewer than its minimum: raise components.%s.autoscaling.max" .name .name) -}}
{{- end -}}
{{- if not (dig "requests" "cpu" "" ($c.resources | default dict)) -}}
{{- fail (printf "component `%s` scales by a share of a CPU that it does not request: set components.%s.resources.requests.cpu" .name .name) -}}
{{- end -}}
{{- end -}}
{{- if and (gt ($c.preStopSeconds | int) 0) (ge ($c.preStopSeconds | int) ($c.terminationGracePeriodSeconds | int)) -}}
{{- fail (printf "component `%s` would be killed before its preStop sleep is over: set terminationGracePeriodSeconds above %d" .name ($c.preStopSeconds | int)) -}}
{{- end -}}
{{- end }}

{{/* Takes the root. */}}
{{- define "product.guards.addresses" -}}
{{- $routed := include "product.routes" . | fromJsonArray -}}
{{- if and (or .Values.ingress.enabled .Values.gateway.enabled) (not $routed) -}}
{{- fail "an address is asked for, but no component has routes: add components.<name>.routes, or switch ingress and gateway off" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs is empty: name the Gateway that the route belongs to, such as [{name: public, namespace: gateways}]" -}}
{{- end -}}
{{- if and .Values.ingress.tls.clusterIssuer .Values.ingress.tls.issuer -}}
{{- fail "ingress.tls has both clusterIssuer and issuer: leave one of them" -}}
{{- end -}}
{{- if and (include "product.tlsSecret" .) (not .Values.ingress.host) .Values.ingress.enabled -}}
{{- fail "ingress.host is missing: TLS needs the name that the certificate is for" -}}
{{- end -}}
{{- range $name := keys .Values.ingress.annotations -}}
{{- if contains "snippet" $name -}}
{{- fail (printf "ingress.annotations has `%s`: snippets let whoever may write an Ingress read every secret of the controller; use its settings instead" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Takes the root. */}}
{{- define "product.guards.sources" -}}
{{- if and .Values.ca.configMap .Values.ca.secret -}}
{{- fail "ca has both a ConfigMap and a Secret: leave one of them" -}}
{{- end -}}
{{- with .Values.test.component -}}
{{- if not (hasKey $.Values.components .) -}}
{{- fail (printf "test.component is `%s`, which is no component" .) -}}
{{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.egress -}}
{{- range .components -}}
{{- if not (hasKey $.Values.components .) -}}
{{- fail (printf "an entry of networkPolicy.egress is for `%s`, which is no component" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
