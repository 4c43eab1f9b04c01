{{/*
A component with the defaults filled in, as JSON. Takes root and name. Maps are merged one level deep, so that
`resources.limits` of a component replaces that of the defaults as a whole. Written out, because sprig's merge takes an
explicit `false` or `0` for something that is missing.
*/}}
{{- define "product.component" -}}
{{- $merged := deepCopy .root.Values.defaults -}}
{{- range $key, $value := index .root.Values.components .name -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $merged $key)) -}}
{{- range $inner, $text := $value -}}
{{- $_ := set (get $merged $key) $inner $text -}}
{{- end -}}
{{- else -}}
{{- $_ := set $merged $key $value -}}
{{- end -}}
{{- end -}}
{{- toJson $merged -}}
{{- end }}

{{/* All components with the defaults filled in, as JSON: {name: component}. Takes the root. */}}
{{- define "product.components" -}}
{{- $all := dict -}}
{{- range $name := keys .Values.components | sortAlpha -}}
{{- $_ := set $all $name (include "product.component" (dict "root" $ "name" $name) | fromJson) -}}
{{- end -}}
{{- toJson $all -}}
{{- end }}

{{/* Whether an autoscaler decides how many there are: "true" or nothing. Takes a component. */}}
{{- define "product.autoscaled" -}}
{{- with .autoscaling }}{{ if .enabled }}true{{ end }}{{ end -}}
{{- end }}

{{/* How many there are at least while the product is not stopped. Takes a component. */}}
{{- define "product.atLeast" -}}
{{- if include "product.autoscaled" . -}}
{{- .autoscaling.min | default 1 | int -}}
{{- else -}}
{{- .replicas | int -}}
{{- end -}}
{{- end }}

{{/* Whether a volume is mounted that only one pod may have: "true" or nothing. Takes a component. */}}
{{- define "product.exclusive" -}}
{{- range .directories -}}
{{- if not (has "ReadWriteMany" (.accessModes | default (list "ReadWriteOnce"))) }}true{{ end -}}
{{- end -}}
{{- end }}

{{/* The scheme of a port: https or http. Takes a port. */}}
{{- define "product.scheme" -}}
{{- if eq (.protocol | default "http") "https" }}https{{ else }}http{{ end -}}
{{- end }}

{{/*
The reference of an image: repository, tag for people, and the digest that counts. Takes root and name. The part before
the first slash is a registry when it has a dot or a colon, or is localhost; that is how container runtimes read it.
*/}}
{{- define "product.image" -}}
{{- $image := index .root.Values.images .name -}}
{{- if not $image -}}
{{- fail (printf "the image `%s` is not in `images`: add images.%s.repository and .digest" .name .name) -}}
{{- end -}}
{{- $repository := $image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- $first := first $parts -}}
{{- $hasRegistry := and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $path := ternary (rest $parts) $parts $hasRegistry | join "/" -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) $path -}}
{{- end -}}
{{- $repository }}{{ with $image.tag }}:{{ . }}{{ end }}@{{ $image.digest -}}
{{- end }}

{{/*
Where each part of the public address leads, as a JSON list of {path, service, port}; longer paths first, because some
ingress controllers take the first that fits. While the product is closed all lead to the Service without pods.
*/}}
{{- define "product.routes" -}}
{{- $found := dict -}}
{{- $closed := dict "service" (include "product.objectName" (dict "root" . "parts" (list "closed"))) "port" 80 -}}
{{- range $name, $component := include "product.components" . | fromJson -}}
{{- $service := include "product.objectName" (dict "root" $ "parts" (list $name)) -}}
{{- range $component.routes -}}
{{- if hasKey $found .path -}}
{{- fail (printf "two components have the route `%s`: a path leads to one of them" .path) -}}
{{- end -}}
{{- $open := dict "service" $service "port" (index $component.ports .port).number -}}
{{- $_ := set $found .path (ternary $closed $open $.Values.closed) -}}
{{- end -}}
{{- end -}}
{{- $order := list -}}
{{- range $path := keys $found -}}
{{- $order = append $order (printf "%05d %s" (sub 99999 (len $path)) $path) -}}
{{- end -}}
{{- $routes := list -}}
{{- range sortAlpha $order -}}
{{- $path := regexReplaceAll "^[0-9]+ " . "" -}}
{{- $routes = append $routes (merge (dict "path" $path) (get $found $path)) -}}
{{- end -}}
{{- toJson $routes -}}
{{- end }}
