{{/*
Files of secrets by the folder they lie in, as JSON: {folder: [sources of a projected volume]}. Takes a component. A
folder is mounted as a whole, because a single file (subPath) would stay what it was when its Secret changes.
*/}}
{{- define "product.secretFolders" -}}
{{- $folders := dict -}}
{{- range .secretFiles -}}
{{- $source := dict "name" .secret -}}
{{- $folder := .path -}}
{{- if .key -}}
{{- $folder = dir .path -}}
{{- $_ := set $source "items" (list (dict "key" .key "path" (base .path))) -}}
{{- end -}}
{{- $_ := set $folders $folder (append (get $folders $folder | default list) (dict "secret" $source)) -}}
{{- end -}}
{{- toJson $folders -}}
{{- end }}

{{/*
Everything that is mounted, as a JSON list of volumeMounts. Takes root, component and configMap, the name of the one with
the component's files. Files that are text are mounted one by one, so that they can lie beside files of the image; their
checksums replace the pods.
*/}}
{{- define "product.mounts" -}}
{{- $mounts := list -}}
{{- range $name, $file := .component.files -}}
{{- $mounts = append $mounts (dict "name" "files" "mountPath" $file.path "subPath" $name "readOnly" true) -}}
{{- end -}}
{{- range $name, $file := .component.privateFiles -}}
{{- $mounts = append $mounts (dict "name" (printf "private-%s" $name) "mountPath" $file.path "subPath" $file.key "readOnly" true) -}}
{{- end -}}
{{- range $name, $file := .component.handedFiles -}}
{{- $mounts = append $mounts (dict "name" (printf "handed-%s" $name) "mountPath" $file.path "subPath" $file.key "readOnly" true) -}}
{{- end -}}
{{- range $index, $folder := include "product.secretFolders" .component | fromJson | keys | sortAlpha -}}
{{- $mounts = append $mounts (dict "name" (printf "secrets-%d" $index) "mountPath" $folder "readOnly" true) -}}
{{- end -}}
{{- range $name, $directory := .component.directories -}}
{{- $mounts = append $mounts (dict "name" (printf "directory-%s" $name) "mountPath" $directory.path) -}}
{{- end -}}
{{- range $name, $scratch := .component.scratch -}}
{{- $mounts = append $mounts (dict "name" (printf "scratch-%s" $name) "mountPath" $scratch.path) -}}
{{- end -}}
{{- if or .root.Values.ca.configMap .root.Values.ca.secret -}}
{{- $mounts = append $mounts (dict "name" "ca" "mountPath" "/etc/landfall-ca" "readOnly" true) -}}
{{- end -}}
{{- $mounts = append $mounts (dict "name" "temporary" "mountPath" "/tmp") -}}
{{- toJson $mounts -}}
{{- end }}

{{/*
The volumes of a pod. Takes root, name, component, configMap and job. Secrets are readable by the pod's group and nobody
else: 288 is 0440, which YAML 1.1 and 1.2 read differently. On OpenShift the group is given by the project.
*/}}
{{- define "product.volumes" -}}
{{- if .component.files }}
- name: files
  configMap:
    name: {{ .configMap | quote }}
{{- end }}
{{- range $name, $file := .component.privateFiles }}
- name: private-{{ $name }}
  secret:
    secretName: {{ $file.secret | quote }}
    defaultMode: 288
    items:
      - key: {{ $file.key | quote }}
        path: {{ $file.key | quote }}
{{- end }}
{{- range $name, $file := .component.handedFiles }}
- name: handed-{{ $name }}
  configMap:
    name: {{ $file.configMap | quote }}
    items:
      - key: {{ $file.key | quote }}
        path: {{ $file.key | quote }}
{{- end }}
{{- $folders := include "product.secretFolders" .component | fromJson }}
{{- range $index, $folder := keys $folders | sortAlpha }}
- name: secrets-{{ $index }}
  projected:
    defaultMode: 288
    sources:
      {{- get $folders $folder | toYaml | nindent 6 }}
{{- end }}
{{- include "product.storage" . }}
{{- with .root.Values.ca }}
{{- if or .configMap .secret }}
- name: ca
  projected:
    sources:
      - {{ ternary "configMap" "secret" (ne .configMap "") }}:
          name: {{ .configMap | default .secret | quote }}
          items:
            - key: {{ .key | quote }}
              path: ca.crt
{{- end }}
{{- end }}
- name: temporary
  emptyDir:
    sizeLimit: {{ .component.temporarySize | quote }}
{{- end }}

{{/*
Volumes to write to. Takes root, name, component and job. A job gets empty folders in place of the component's data: the
claims may not be there yet, and a running pod may hold them on another node.
*/}}
{{- define "product.storage" -}}
{{- range $name, $directory := .component.directories }}
- name: directory-{{ $name }}
  {{- if $.job }}
  emptyDir: {}
  {{- else }}
  persistentVolumeClaim:
    claimName: {{ $directory.existingClaim | default (include "product.objectName" (dict "root" $.root "parts" (list $.name $name))) | quote }}
  {{- end }}
{{- end }}
{{- range $name, $scratch := .component.scratch }}
- name: scratch-{{ $name }}
  {{- if or $scratch.size $scratch.medium }}
  emptyDir:
    {{- with $scratch.size }}
    sizeLimit: {{ . | quote }}
    {{- end }}
    {{- with $scratch.medium }}
    medium: {{ . }}
    {{- end }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- end }}
