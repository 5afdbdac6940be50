{{/*
The rules of files/alerts.yaml for this release alone: each metric is asked for by namespace and detector, so that two releases do not ring
for each other. A metric has its braces already, or gets some. Runbooks are read at the release's own address, which people can reach; a pod's
they often cannot.
*/}}
{{- define "virtual-dcu.rules" -}}
{{- $scope := printf "namespace=%q, detector=%q" .Release.Namespace .Values.detector -}}
{{- $detector := include "virtual-dcu.detector" . | fromJson -}}
{{- $fullname := include "virtual-dcu.fullname" . -}}
{{- $service := printf "http://%s.%s:%d" $fullname .Release.Namespace (int $detector.api_port) -}}
{{- if .Values.ingress.enabled -}}
{{- $service = printf "%s://%s.%s" (ternary "https" "http" (not (empty .Values.ingress.tls))) $fullname .Values.ingress.suffix -}}
{{- end -}}
{{- $rules := .Files.Get "files/alerts.yaml" | fromYaml -}}
{{- range $group := $rules.groups -}}
{{- range $rule := $group.rules -}}
{{- $expr := regexReplaceAll `\b(vdcu_[a-z0-9_]+)\{` $rule.expr "${1}{@, " -}}
{{- $expr = regexReplaceAll `\b(vdcu_[a-z0-9_]+)([^a-z0-9_{]|$)` $expr "${1}{@}${2}" -}}
{{- if $rule.annotations.runbook_url -}}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s" $service (replace "docs/" "help/" $rule.annotations.runbook)) -}}
{{- end -}}
{{- $_ := set $rule "expr" (replace "{@" (print "{" $scope) $expr) -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* The dashboard with a title and a uid of this release, for its detector: two of the same uid replace each other in Grafana. */}}
{{- define "virtual-dcu.dashboard" -}}
{{- $board := .Files.Get "files/dashboard.json" | fromJson -}}
{{- $_ := set $board "uid" (printf "vdcu-%s" (printf "%s/%s" .Release.Namespace (include "virtual-dcu.fullname" .) | sha1sum | trunc 12)) -}}
{{- $_ := set $board "title" (printf "Virtual DCU: %s" .Values.detector) -}}
{{- range $variable := $board.templating.list -}}
{{- if eq $variable.name "detector" -}}
{{- $_ := set $variable.query "query" (printf "label_values(vdcu_build_info{detector=%q}, detector)" $.Values.detector) -}}
{{- end -}}
{{- end -}}
{{- toPrettyJson $board -}}
{{- end -}}
