{{/* The pod of the service, the same in Deployment and StatefulSet. */}}
{{- define "virtual-dcu.pod" -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
metadata:
  labels:
    {{- include "virtual-dcu.labels" . | nindent 4 }}
    app.kubernetes.io/component: service
    app.daq.pipeline/component: daq
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A new configuration is a new pod.
    checksum/config: {{ toJson .Values.configfiles | sha256sum }}
    {{- if .Values.purple_network.enabled }}
    k8s.v1.cni.cncf.io/networks: {{ include "virtual-dcu.networks" (dict "root" . "static" true) | quote }}
    {{- end }}
    {{- if .Values.metrics.annotations }}
    prometheus.io/scrape: 'true'
    prometheus.io/port: {{ int $detector.api_port | quote }}
    prometheus.io/path: /metrics
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "virtual-dcu.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "virtual-dcu.grace" . }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "virtual-dcu.podSecurity" (dict "capabilities" .Values.capabilities) | nindent 4 }}
    {{- with .Values.sysctls }}
    sysctls:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: virtual-dcu
      image: {{ include "virtual-dcu.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [vdcu, run, /etc/virtual-dcu/{{ (first .Values.configfiles).name }}, {{ .Values.detector }}]
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if or .Values.global.beamline .Values.extraEnv .Values.apiToken.secretName }}
      env:
        {{- with .Values.global.beamline }}
        - {name: BEAMLINE, value: {{ . | quote }}}
        {{- end }}
        {{- include "virtual-dcu.token" . | nindent 8 }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        {{- include "virtual-dcu.ports" . | nindent 8 }}
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 1
        failureThreshold: 60
      # A thread that stands still for 10 s is dead: then the service says 503 here.
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
      # A missing consumer does not make it unready: it could not find an unready service.
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      {{- if gt (int .Values.waitForSeriesSeconds) 0 }}
      lifecycle:
        preStop:
          exec:
            command: [/bin/sh, -c, {{ include "virtual-dcu.waitForSeries" . | toJson }}]
      {{- end }}
      {{- $resources := merge (dict) .Values.resources (ternary .Values.purple_network.resources (dict) .Values.purple_network.enabled) }}
      # Requests = limits, whole cores: Guaranteed.
      resources:
        requests:
          {{- toYaml $resources | nindent 10 }}
        limits:
          {{- toYaml $resources | nindent 10 }}
      securityContext:
        {{- include "virtual-dcu.containerSecurity" (dict "capabilities" .Values.capabilities) | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/virtual-dcu, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if .Values.flightRecorder.enabled }}
        - {name: recordings, mountPath: /var/lib/virtual-dcu}
        {{- end }}
        {{- include "virtual-dcu.tokenMount" . | nindent 8 }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "virtual-dcu.fullname" . }}}
    - name: tmp
      emptyDir: {sizeLimit: 16Mi}
    {{- if .Values.flightRecorder.enabled }}
    - name: recordings
      emptyDir: {sizeLimit: {{ .Values.flightRecorder.sizeLimit }}}
    {{- end }}
    {{- include "virtual-dcu.tokenVolume" . | nindent 4 }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Nobody, or root without rights where capabilities are added: to others the kernel gives none of them. */}}
{{- define "virtual-dcu.podSecurity" -}}
{{- if .capabilities -}}
runAsUser: 0
runAsGroup: 0
{{- else -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "virtual-dcu.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  {{- with .capabilities }}
  add: {{ toJson . }}
  {{- end }}
{{- end -}}

{{/* The token as a file, of the service and of those that ask it: a variable would be seen in every description of the process. */}}
{{- define "virtual-dcu.token" -}}
{{- if .Values.apiToken.secretName -}}
- {name: VDCU_API_TOKEN_FILE, value: /run/secrets/virtual-dcu/api-token}
{{- end -}}
{{- end -}}

{{- define "virtual-dcu.tokenMount" -}}
{{- if .Values.apiToken.secretName -}}
- {name: api-token, mountPath: /run/secrets/virtual-dcu, readOnly: true}
{{- end -}}
{{- end -}}

{{- define "virtual-dcu.tokenVolume" -}}
{{- if .Values.apiToken.secretName -}}
- name: api-token
  secret:
    secretName: {{ .Values.apiToken.secretName }}
    defaultMode: 288 # 0440
    items:
      - {key: {{ .Values.apiToken.key }}, path: api-token}
{{- end -}}
{{- end -}}

{{/*
Before SIGTERM: an upgrade, a drained node, a deleted pod wait until the series that runs has ended, so many seconds at most. A service that
does not answer is not waited for.
*/}}
{{- define "virtual-dcu.waitForSeries" -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
end=$(( $(date +%s) + {{ int .Values.waitForSeriesSeconds }} )); while [ "$(date +%s)" -lt "$end" ]; do state=$(vdcu status --json --url http://{{ ternary "[::1]" "127.0.0.1" (eq $detector.api_host "::") }}:{{ int $detector.api_port }} | tr -d ' \n'); case $state in *'"state":"idle"'*|'') exit 0;; esac; sleep 1; done
{{- end -}}
