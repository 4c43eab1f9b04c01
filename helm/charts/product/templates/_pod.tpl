{{/* Who a pod runs as: what the Pod Security Standard `restricted` asks for. Takes root and component. */}}
{{- define "product.podSecurity" -}}
runAsNonRoot: true
{{- if not .root.Values.openshift }}
{{- $user := .component.runAsUser | int64 }}
runAsUser: {{ $user }}
runAsGroup: {{ .component.runAsGroup | default $user | int64 }}
fsGroup: {{ .component.runAsGroup | default $user | int64 }}
# Without it, a large volume is walked through at every start.
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* What a container may do: nothing it was not given. */}}
{{- define "product.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* How a probe asks. Takes the component's ports and the probe. */}}
{{- define "product.probe" -}}
{{- $port := index .ports .probe.port -}}
{{- $protocol := $port.protocol | default "http" -}}
{{- if or .probe.path (has $protocol (list "http" "https")) }}
httpGet:
  path: {{ .probe.path | default "/" | quote }}
  port: {{ .probe.port | quote }}
  scheme: {{ include "product.scheme" $port | upper }}
{{- else if eq $protocol "grpc" }}
grpc:
  port: {{ $port.number | int }}
{{- else }}
tcpSocket:
  port: {{ .probe.port | quote }}
{{- end }}
{{- range $key := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold" "successThreshold" }}
{{- if hasKey $.probe $key }}
{{ $key }}: {{ get $.probe $key | int }}
{{- end }}
{{- end }}
{{- end }}

{{/* What a container has that goes on running, and a job has not: ports, probes and a graceful end. */}}
{{- define "product.serving" -}}
{{- with .component.ports }}
ports:
  {{- range $name, $port := . }}
  - name: {{ $name | quote }}
    containerPort: {{ $port.number | int }}
  {{- end }}
{{- end }}
{{- range $kind, $probe := .component.probes }}
{{ $kind }}Probe:
  {{- include "product.probe" (dict "ports" $.component.ports "probe" $probe) | trim | nindent 2 }}
{{- end }}
{{- with .component.preStopSeconds | int }}
lifecycle:
  preStop:
    # Done by the kubelet itself, so that the image needs no program for it.
    sleep:
      seconds: {{ . }}
{{- end }}
{{- end }}

{{/* The container of a component. Takes root, name, component, configMap and job. */}}
{{- define "product.container" -}}
- name: {{ .name | quote }}
  image: {{ include "product.image" (dict "root" .root "name" (.component.image | default .name)) | quote }}
  imagePullPolicy: IfNotPresent
  {{- with .component.command }}
  command:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .component.args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "product.env" . | trim }}
  env:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if not .job }}
  {{- with include "product.serving" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with .component.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "product.containerSecurity" . | nindent 4 }}
  volumeMounts:
    {{- include "product.mounts" . | fromJsonArray | toYaml | nindent 4 }}
{{- end }}

{{/* Which nodes a pod may run on. Takes a component. */}}
{{- define "product.placement" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $ $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* How replicas are spread: over zones and nodes, each rollout for itself. Takes root, name and component. */}}
{{- define "product.spread" -}}
{{- with .component.topologySpreadConstraints }}
{{- toYaml . }}
{{- else }}
{{- range $key, $how := dict "kubernetes.io/hostname" .component.topologySpread.host "topology.kubernetes.io/zone" .component.topologySpread.zone }}
{{- if ne $how "Off" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: {{ $how }}
  labelSelector:
    matchLabels:
      {{- include "product.selector" (dict "root" $.root "component" $.name) | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The spec of a pod, the same for components and the migration. Takes root, name, component, configMap (of the component's
files), serviceAccount and job.
*/}}
{{- define "product.podSpec" -}}
serviceAccountName: {{ .serviceAccount | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if hasKey .component "hostUsers" }}
hostUsers: {{ .component.hostUsers }}
{{- end }}
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "product.podSecurity" . | nindent 2 }}
terminationGracePeriodSeconds: {{ .component.terminationGracePeriodSeconds | int }}
{{- with include "product.placement" .component | trim }}
{{ . }}
{{- end }}
{{- if not .job }}
{{- with include "product.spread" . | trim }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
containers:
  {{- include "product.container" . | nindent 2 }}
volumes:
  {{- include "product.volumes" . | trim | nindent 2 }}
{{- end }}

{{/*
What replaces pods when it changes, as JSON: {annotation: value}. Takes component. Secrets are not looked at: they
change the pods only when whoever changed them says so, by a checksum.
*/}}
{{- define "product.checksums" -}}
{{- $found := dict -}}
{{- with .component.files -}}
{{- $_ := set $found "checksum/files" (toJson . | sha256sum) -}}
{{- end -}}
{{- range $kind := list "privateFiles" "handedFiles" -}}
{{- range $name, $file := index $.component $kind -}}
{{- with $file.checksum -}}
{{- $_ := set $found (printf "checksum/%s-%s" (trimSuffix "Files" $kind) $name) . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .component.checksums -}}
{{- $_ := set $found (printf "checksum/%s" $name) $value -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}
