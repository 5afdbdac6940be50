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
  containers:
    - name: virtual-dcu
      image: {{ include "virtual-dcu.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [vdcu, run, /etc/virtual-dcu/{{ (first .Values.configfiles).name }}, {{ .Values.detector }}]
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
  volumes:
    - name: config
      configMap: {name: {{ include "virtual-dcu.fullname" . }}}
    - name: tmp
      emptyDir: {sizeLimit: 16Mi}
    {{- if .Values.flightRecorder.enabled }}
    - name: recordings
      emptyDir: {sizeLimit: {{ .Values.flightRecorder.sizeLimit }}}
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

{{/* The token as a variable, of the service and of those that ask it. */}}
{{- define "virtual-dcu.token" -}}
{{- if .Values.apiToken.secretName -}}
- name: VDCU_API_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ .Values.apiToken.secretName }}, key: {{ .Values.apiToken.key }}}
{{- end -}}
{{- end -}}
