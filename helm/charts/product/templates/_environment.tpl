{{/*
What every pod is told about proxies and private authorities, as JSON: {NAME: text}. Takes the root. Both spellings of
the proxy's names, because programs read one or the other.
*/}}
{{- define "product.sharedEnv" -}}
{{- $env := dict -}}
{{- with .Values.proxy -}}
{{- range $name, $value := dict "HTTP_PROXY" .http "HTTPS_PROXY" .https -}}
{{- if $value -}}
{{- $_ := set $env $name $value -}}
{{- $_ := set $env (lower $name) $value -}}
{{- end -}}
{{- end -}}
{{- if or .http .https -}}
{{- $inside := list "localhost" "127.0.0.1" "::1" ".svc" ".cluster.local" -}}
{{- range $name := keys $.Values.components | sortAlpha -}}
{{- $inside = append $inside (include "product.objectName" (dict "root" $ "parts" (list $name))) -}}
{{- end -}}
{{- $around := concat .noProxy $inside | uniq | join "," -}}
{{- $_ := set $env "NO_PROXY" $around -}}
{{- $_ := set $env "no_proxy" $around -}}
{{- end -}}
{{- end -}}
{{- if or .Values.ca.configMap .Values.ca.secret -}}
{{- range .Values.ca.env -}}
{{- $_ := set $env . "/etc/landfall-ca/ca.crt" -}}
{{- end -}}
{{- end -}}
{{- toJson $env -}}
{{- end }}

{{/*
The environment of a container. Takes root and component. Secrets come first, because a text may only refer to a name
that stands before it. Each name stands once: server-side apply refuses a list that has one twice.
*/}}
{{- define "product.env" -}}
{{- $secret := .component.secretEnv | default dict -}}
{{- $own := .component.env | default dict -}}
{{- range $name, $from := $secret }}
- name: {{ $name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret | quote }}
      key: {{ $from.key | quote }}
{{- end }}
{{- range $name, $value := include "product.sharedEnv" .root | fromJson }}
{{- if not (or (hasKey $secret $name) (hasKey $own $name)) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
