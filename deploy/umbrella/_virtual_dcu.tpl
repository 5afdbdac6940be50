{{/*
Virtual DCU for the site's umbrella chart: a named template beside streaming_receiver. Give it to daq.pipeline.template (values.yaml here).
The files of `configfiles` are expected in /etc/virtual-dcu; probes, limits and grace are what deploy/chart has.
*/}}
{{- define "virtual_dcu" -}}
image: harbor.maxiv.lu.se/daq/virtual-dcu:0.1.0
imagePullPolicy: IfNotPresent
command: [vdcu, run, /etc/virtual-dcu/detectors.yaml, detector]
ports:
  - {name: http, containerPort: 5000, protocol: TCP}
  - {name: zmq, containerPort: 9999, protocol: TCP}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: http}
  timeoutSeconds: 5
# An upgrade or a drained node waits until the series that runs has ended, 300 s at most; a service that does not answer is not waited for.
lifecycle:
  preStop:
    exec:
      command:
        - /bin/sh
        - -c
        - >-
          end=$(( $(date +%s) + 300 )); while [ "$(date +%s)" -lt "$end" ]; do state=$(vdcu status --json | tr -d ' \n');
          case $state in *'"state":"idle"'*|'') exit 0;; esac; sleep 1; done
resources:
  requests: {cpu: 4, memory: 4Gi}
  limits: {cpu: 4, memory: 4Gi}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
terminationGracePeriodSeconds: 341
{{- end -}}
