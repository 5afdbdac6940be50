{{/* What Pod Security admits these pods: the level that the namespace must have. */}}
{{- define "virtual-dcu.podSecurityLevel" -}}
{{- if or .Values.hostNetwork .Values.capabilities (include "virtual-dcu.unsafeSysctls" .) -}}
privileged
{{- else -}}
restricted
{{- end -}}
{{- end -}}

{{/* Sysctls that the kubelet refuses unless it is told to allow them (allowedUnsafeSysctls); as Kubernetes 1.32 has it. */}}
{{- define "virtual-dcu.unsafeSysctls" -}}
{{- $safe := list "kernel.shm_rmid_forced" "net.ipv4.ip_local_port_range" "net.ipv4.ip_unprivileged_port_start" "net.ipv4.tcp_syncookies" "net.ipv4.ping_group_range" "net.ipv4.ip_local_reserved_ports" "net.ipv4.tcp_keepalive_time" "net.ipv4.tcp_fin_timeout" "net.ipv4.tcp_keepalive_intvl" "net.ipv4.tcp_keepalive_probes" -}}
{{- if semverCompare ">=1.32-0" .Capabilities.KubeVersion.Version }}{{ $safe = concat $safe (list "net.ipv4.tcp_rmem" "net.ipv4.tcp_wmem") }}{{ end -}}
{{- $unsafe := list -}}
{{- range .Values.sysctls }}{{ if not (has .name $safe) }}{{ $unsafe = append $unsafe .name }}{{ end }}{{ end -}}
{{- join ", " $unsafe -}}
{{- end -}}

{{/* The receiver's half: streaming-receiver's configuration for this stream, as its class Detector reads it. */}}
{{- define "virtual-dcu.receiver" -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
{{- $host := printf "%s-zmq-egress" (include "virtual-dcu.fullname" .) -}}
{{ .Values.detector }}:
  class: Detector
  {{- $hosts := list }}
  {{- $ports := list }}
  {{- range $index := until (int .Values.replicas) }}
  {{- range $detector.data_ports }}
  {{- $hosts = append $hosts (printf "%s%s.%s" $host (ternary (printf "-%d" $index) "" (gt (int $.Values.replicas) 1)) $.Release.Namespace) }}
  {{- $ports = append $ports (int . | toString) }}
  {{- end }}
  {{- end }}
  {{- if gt (len $hosts) 1 }}
  dcu_host_purple: [{{ join ", " $hosts }}]
  dcu_port_purple: [{{ join ", " $ports }}]
  {{- else }}
  dcu_host_purple: {{ first $hosts }}
  dcu_port_purple: {{ first $ports }}
  {{- end }}
  nworkers: {{ int $detector.consumer_connections }}
{{- end -}}

{{- define "virtual-dcu.notes" -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
{{- $fullname := include "virtual-dcu.fullname" . -}}
Virtual DCU for {{ .Values.detector }}: {{ .Values.replicas }} {{ ternary "instance" "instances" (eq (int .Values.replicas) 1) }}.

  HTTP      http://{{ $fullname }}.{{ .Release.Namespace }}:{{ int $detector.api_port }}/
{{- if .Values.ingress.enabled }}
  outside   http://{{ $fullname }}.{{ .Values.ingress.suffix }}/
{{- end }}

{{ with $detector.preview -}}
Live viewers (preview):
{{- range $index := until (int $.Values.replicas) }}
  tcp://{{ $fullname }}-preview{{ if gt (int $.Values.replicas) 1 }}-{{ $index }}{{ end }}.{{ $.Release.Namespace }}:{{ int $detector.preview.port }}
{{- end }}

{{ end -}}
{{ if $detector.receiver_service -}}
PSI's client (docs/from-psi-client.md):
  rx_hostname {{ range $index, $port := $detector.receiver_ports }}{{ if $index }}+{{ end }}{{ $fullname }}-receivers.{{ $.Release.Namespace }}:{{ int $port }}{{ end }}+

{{ end -}}
What the detector must send to (udp_dstip, udp_dstmac, udp_dstport):
  kubectl -n {{ .Release.Namespace }} exec {{ ternary "deploy" "sts" (eq (int .Values.replicas) 1) }}/{{ $fullname }} -- vdcu doctor /etc/virtual-dcu/{{ (first .Values.configfiles).name }} {{ .Values.detector }}
  curl http://{{ $fullname }}.{{ .Release.Namespace }}:{{ int $detector.api_port }}/api/v1/udp

The receiver's half, in the configuration of streaming-receiver (nworkers is consumer_connections here):

{{ include "virtual-dcu.receiver" . | indent 2 }}

Files: {{ if eq $detector.series "armed" }}series are armed, and each request names its file (docs/from-slsreceiver.md).{{ else if $detector.auto_filename }}series are automatic, the receiver writes {{ $detector.auto_filename }}.{{ else }}NONE. Series are automatic and have no name: set auto_filename, or series: armed.{{ end }}

A changed configuration or image is a new pod. {{ if gt (int .Values.waitForSeriesSeconds) 0 }}The old one waits for the end of the series that runs, {{ int .Values.waitForSeriesSeconds }} s at most;
then the series is cut short.{{ else }}A SERIES THAT RUNS IS CUT SHORT (waitForSeriesSeconds is 0).{{ end }} Look first: vdcu status --url http://{{ $fullname }}.{{ .Release.Namespace }}:{{ int $detector.api_port }}

Pod Security: the namespace must admit the level "{{ include "virtual-dcu.podSecurityLevel" . }}"
{{- if .Values.hostNetwork }}, because of hostNetwork{{ end }}
{{- with .Values.capabilities }}, because of the capabilities {{ join ", " . }}{{ end }}
{{- with include "virtual-dcu.unsafeSysctls" . }}, because of the unsafe sysctls {{ . }}, which the kubelet must allow (allowedUnsafeSysctls){{ end }}.
{{- end -}}
