{{/*
The detector's entry of the first configuration file, with the defaults that objects depend on (docs/reference/configuration.md), as JSON.
What would come up and not work is refused here, with the remedy.
*/}}
{{- define "virtual-dcu.detector" -}}
{{- $file := first .Values.configfiles -}}
{{- $all := fromYaml $file.content -}}
{{- with $all.Error }}{{ fail (printf "configfiles: %s: not YAML: %s" $file.name .) }}{{ end -}}
{{- if not (hasKey $all .Values.detector) -}}
{{- fail (printf "detector: %s has no detector %q; it has %s" $file.name .Values.detector (keys $all | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $own := get $all .Values.detector -}}
{{- $detector := merge (dict) $own (dict "udp_host" "127.0.0.1" "data_host" "127.0.0.1" "data_port" 9999 "api_host" "127.0.0.1" "api_port" 5000 "closing_timeout_ms" 10000 "drain_ms" 100 "frames_stride" 1 "frames_offset" 0 "consumer_connections" 1 "series" (ternary "armed" "auto" (eq ($own.detector | default "from_client") "from_client"))) -}}
{{- range list "api_host" "data_host" -}}
{{- if not (has (get $detector .) (list "0.0.0.0" "::")) -}}
{{- fail (printf "configfiles: %s: %s.%s is %s: probes and consumers could not reach it. Set it to 0.0.0.0" $file.name $.Values.detector . (get $detector .)) -}}
{{- end -}}
{{- end -}}
{{- /* One port or several of them, always as a list. */ -}}
{{- $_ := set $detector "data_ports" (ternary $detector.data_port (list $detector.data_port) (kindIs "slice" $detector.data_port)) -}}
{{- range $key := list "api_port" "data_port" -}}
{{- $given := get $own $key -}}
{{- if hasKey $own $key -}}
{{- range (ternary $given (list $given) (kindIs "slice" $given)) -}}
{{- if eq (int .) 0 -}}
{{- fail (printf "configfiles: %s: %s.%s is 0: any free port, which nobody could find. Set a number" $file.name $.Values.detector $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- /* Live viewers: preview beside the stream. */ -}}
{{- with $own.preview -}}
{{- if eq (int .port) 0 -}}
{{- fail (printf "configfiles: %s: %s.preview.port is 0: any free port, which no viewer could find. Set a number" $file.name $.Values.detector) -}}
{{- end -}}
{{- end -}}
{{- with $own.flight_recorder_dir -}}
{{- if not (and $.Values.flightRecorder.enabled (hasPrefix "/var/lib/virtual-dcu" .)) -}}
{{- fail (printf "configfiles: %s: %s.flight_recorder_dir is %s: the root file system is read-only. Set it to /var/lib/virtual-dcu, and flightRecorder.enabled" $file.name $.Values.detector .) -}}
{{- end -}}
{{- end -}}
{{- /* PSI's client calls from outside: at the Service, or at an address of the second interface. */ -}}
{{- if $own.receiver_ports -}}
{{- $udp := $detector.udp_host -}}
{{- if kindIs "slice" $udp }}{{ $udp = first $udp }}{{ end -}}
{{- $host := $own.receiver_host | default $udp -}}
{{- if hasPrefix "127." $host -}}
{{- fail (printf "configfiles: %s: %s.receiver_ports listen on %s: PSI's client could not reach them. Set receiver_host to 0.0.0.0" $file.name $.Values.detector $host) -}}
{{- end -}}
{{- if has 0.0 $own.receiver_ports -}}
{{- fail (printf "configfiles: %s: %s.receiver_ports has 0: any free port, which PSI's client could not find. Set numbers" $file.name $.Values.detector) -}}
{{- end -}}
{{- $_ := set $detector "receiver_service" (eq $host "0.0.0.0") -}}
{{- /* PSI's preview stream, on the numbers that it has unless the client sets others: two for each module at most. */ -}}
{{- $slsPorts := list -}}
{{- if $own.sls_preview }}{{ $slsPorts = untilStep 30001 (int (add 30001 (mul 2 (len $own.receiver_ports)))) 1 }}{{ end -}}
{{- $_ := set $detector "sls_preview_ports" $slsPorts -}}
{{- end -}}
{{- if and .Values.rehearsal.enabled (not $own.udp_ports) -}}
{{- fail (printf "rehearsal.enabled: %s: %s leaves the detector to PSI's client, so nobody knows what to simulate. Name detector and udp_ports" $file.name $.Values.detector) -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.egress) -}}
{{- range $key := list "receiver_url" "notify_url" -}}
{{- if get $own $key -}}
{{- fail (printf "networkPolicy.egress is empty: it lets the pod connect to nobody, but %s has a %s. Set networkPolicy.egress, with name resolution (port 53) if the URL has a name" $.Values.detector $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.purple_network.enabled .Values.hostNetwork -}}
{{- fail "purple_network.enabled and hostNetwork: use one of them" -}}
{{- end -}}
{{- if and .Values.purple_network.enabled (not .Values.purple_network.name) -}}
{{- fail "purple_network.name: the name of a NetworkAttachmentDefinition is needed" -}}
{{- end -}}
{{- if ne (int $detector.frames_stride) (int .Values.replicas) -}}
{{- fail (printf "replicas is %d, but %s.frames_stride is %d: they must be equal, or frames are sent twice or never" (int .Values.replicas) .Values.detector (int $detector.frames_stride)) -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if ne (toString $detector.frames_offset) "hostname" -}}
{{- fail (printf "%s.frames_offset is %v: with several replicas it must be hostname, for all pods have the same file" .Values.detector $detector.frames_offset) -}}
{{- end -}}
{{- if or .Values.purple_network.ips .Values.purple_network.mac -}}
{{- fail "purple_network.ips and mac: all pods of a StatefulSet would get the same. Leave them to the network's own address management, and ask each pod for its address (GET /api/v1/udp)" -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- fail "hostNetwork: pods then have the names of their nodes, and frames_offset: hostname finds no number. Use purple_network with several replicas" -}}
{{- end -}}
{{- end -}}
{{- toJson $detector -}}
{{- end -}}

{{/* Name of a socket of the stream: zmq, zmq-1 and so on. */}}
{{- define "virtual-dcu.zmqName" -}}
zmq{{ if . }}-{{ . }}{{ end }}
{{- end -}}

{{/* The stream's sockets as ports of a Service; the context is the detector. */}}
{{- define "virtual-dcu.zmqPorts" -}}
{{- range $index, $port := .data_ports }}
- {name: {{ include "virtual-dcu.zmqName" $index }}, port: {{ int $port }}, targetPort: {{ include "virtual-dcu.zmqName" $index }}}
{{- end }}
{{- end -}}

{{/* UDP port, TCP port or a list of them: a name for it, at most 15 characters. */}}
{{- define "virtual-dcu.ports" -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
- {name: http, containerPort: {{ int $detector.api_port }}, protocol: TCP}
{{- range $index, $port := $detector.data_ports }}
- {name: {{ include "virtual-dcu.zmqName" $index }}, containerPort: {{ int $port }}, protocol: TCP}
{{- end }}
{{- with $detector.preview }}
- {name: preview, containerPort: {{ int .port }}, protocol: TCP}
{{- end }}
{{- range $detector.receiver_ports }}
- {name: rx-{{ int . }}, containerPort: {{ int . }}, protocol: TCP}
{{- end }}
{{- range $detector.sls_preview_ports }}
- {name: sls-{{ int . }}, containerPort: {{ int . }}, protocol: TCP}
{{- end }}
{{- range $detector.udp_ports }}
- {name: udp-{{ int . }}, containerPort: {{ int . }}, protocol: UDP}
{{- end }}
{{- end -}}

{{/* Seconds from the wish to end until SIGKILL: waiting for a series comes first, then SIGTERM. The service itself gives up after 2 × closing_timeout_ms + drain_ms + 10 s. */}}
{{- define "virtual-dcu.grace" -}}
{{- if .Values.terminationGracePeriodSeconds -}}
{{ .Values.terminationGracePeriodSeconds }}
{{- else -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
{{ add (div (add (int $detector.closing_timeout_ms) (int $detector.closing_timeout_ms) (int $detector.drain_ms) 999) 1000) 20 (int .Values.waitForSeriesSeconds) }}
{{- end -}}
{{- end -}}

{{/* Multus: the second interface. `static` false: of another pod than the service's. */}}
{{- define "virtual-dcu.networks" -}}
{{- $purple := .root.Values.purple_network -}}
{{- $network := dict "name" $purple.name "namespace" ($purple.namespace | default .root.Release.Namespace) "interface" $purple.interface -}}
{{- if and .static $purple.ips }}{{ $_ := set $network "ips" $purple.ips }}{{ end -}}
{{- if and .static $purple.mac }}{{ $_ := set $network "mac" $purple.mac }}{{ end -}}
{{- list $network | toJson -}}
{{- end -}}
