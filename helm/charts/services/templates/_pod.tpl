{{/* What replaces the pod when it changes, as JSON. Takes root and service. */}}
{{- define "services.checksums" -}}
{{- $found := deepCopy .root.Values.commonAnnotations -}}
{{- with .service.script -}}
{{- $_ := set $found "checksum/files" (list ($.root.Files.Get (printf "files/%s" .)) ($.root.Files.Get "files/database.sql") $.service.databases | toJson | sha256sum) -}}
{{- end -}}
{{- range $name, $value := .service.checksums -}}
{{- $_ := set $found (printf "checksum/%s" $name) $value -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* Takes root, name and service. */}}
{{- define "services.podSpec" -}}
serviceAccountName: {{ include "services.objectName" (dict "root" .root "parts" (list .name)) | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- if not .root.Values.openshift }}
  {{- $user := .service.runAsUser | int64 }}
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  fsGroup: {{ $user }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
# A database writes down what it has in memory before it ends.
terminationGracePeriodSeconds: 60
containers:
  {{- include "services.container" . | nindent 2 }}
volumes:
  {{- include "services.volumes" . | trim | nindent 2 }}
{{- end }}

{{/* Takes root, name and service. */}}
{{- define "services.container" -}}
- name: {{ .name | quote }}
  image: {{ include "services.image" (dict "root" .root "image" .service.image) | quote }}
  imagePullPolicy: IfNotPresent
  {{- if .service.script }}
  command: [/bin/sh, /etc/landfall/{{ .service.script }}]
  {{- else }}
  command:
    {{- toYaml .service.command | nindent 4 }}
  {{- end }}
  {{- with .service.args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    {{- include "services.env" . | trim | nindent 4 }}
  ports:
    - name: service
      containerPort: {{ .service.port | int }}
  # As long as a recovery after a crash may take.
  startupProbe:
    {{- include "services.probe" . | trim | nindent 4 }}
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 300
  readinessProbe:
    {{- include "services.probe" . | trim | nindent 4 }}
    periodSeconds: 5
    timeoutSeconds: 5
  livenessProbe:
    tcpSocket:
      port: service
    periodSeconds: 20
    timeoutSeconds: 5
  {{- with .service.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    allowPrivilegeEscalation: false
    privileged: false
    readOnlyRootFilesystem: true
    runAsNonRoot: true
    capabilities:
      drop: [ALL]
    seccompProfile:
      type: RuntimeDefault
  volumeMounts:
    {{- include "services.mounts" .service | trim | nindent 4 }}
{{- end }}

{{/* Secrets first, so that a text may refer to them. Takes service. */}}
{{- define "services.env" -}}
{{- range $name, $from := .service.secretEnv }}
- name: {{ $name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret | quote }}
      key: {{ $from.key | quote }}
{{- end }}
{{- $given := dict "HOME" "/tmp" "PORT" (printf "%d" (int .service.port)) "DATA_PATH" .service.dataPath }}
{{- range $name, $value := mustMerge (deepCopy (.service.env | default dict)) $given }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Takes a service. */}}
{{- define "services.mounts" -}}
- name: data
  mountPath: {{ .dataPath | quote }}
- name: temporary
  mountPath: /tmp
{{- if .script }}
- name: files
  mountPath: /etc/landfall
  readOnly: true
{{- end }}
{{- if and .databases .script }}
- name: passwords
  mountPath: /run/secrets/databases
  readOnly: true
{{- end }}
{{- if and .password .script }}
- name: passwords
  mountPath: /run/secrets/redis
  readOnly: true
{{- end }}
{{- end }}

{{/* Takes root, name and service. 288 is 0440, which YAML 1.1 and 1.2 read differently. */}}
{{- define "services.volumes" -}}
- name: temporary
  emptyDir:
    sizeLimit: 256Mi
{{- if .service.script }}
- name: files
  configMap:
    name: {{ include "services.objectName" (dict "root" .root "parts" (list .name)) | quote }}
{{- $files := list }}
{{- range .service.databases }}
{{- $files = append $files (dict "from" .password "path" .name) }}
{{- end }}
{{- with .service.password }}
{{- $files = append $files (dict "from" . "path" "password") }}
{{- end }}
{{- with $files }}
- name: passwords
  projected:
    defaultMode: 288
    sources:
      {{- range . }}
      - secret:
          name: {{ .from.secret | quote }}
          items:
            - key: {{ .from.key | quote }}
              path: {{ .path | quote }}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}
