{{/* The ConfigMap that holds the config; nothing where the exporter runs without one. */}}
{{- define "elb-churn-exporter.configMapName" -}}
{{- if .Values.existingConfigMap.name }}
{{- .Values.existingConfigMap.name }}
{{- else if .Values.config }}
{{- include "elb-churn-exporter.fullname" . }}
{{- end }}
{{- end }}

{{/*
Whether the service account is used: true without a config (then the exporter watches the cluster it runs in), with
`in_cluster: true`, and with an existing ConfigMap, which cannot be looked into. Else the pod gets no token and no role.
*/}}
{{- define "elb-churn-exporter.usesAccount" -}}
{{- if or .Values.existingConfigMap.name (not .Values.config) }}true{{ end }}
{{- range dig "clusters" (list) (.Values.config | default dict) }}
{{- if dig "nodes" "in_cluster" false . }}true{{ end }}
{{- end }}
{{- end }}

{{/*
The agent's config: of the exporter's, the hostnames of the cluster that the agents run in. Nothing of nodes and load
balancers, and not the exporter's resolvers: a thousand agents must not each ask AWS, the Kubernetes API and the servers of
the zone. The resolver of the node is the one that its kubelet asks.
*/}}
{{- define "elb-churn-exporter.agentConfig" -}}
{{- if .Values.agent.config }}
{{- toYaml .Values.agent.config }}
{{- else }}
{{- $clusters := dig "clusters" (list) (.Values.config | default dict) }}
{{- if not $clusters }}
{{- fail "agent.enabled: give config.clusters with dns.names, or agent.config: agents watch connections to the hostnames that are named there" }}
{{- end }}
{{- if and (gt (len $clusters) 1) (not .Values.agent.cluster) }}
{{- fail "agent.enabled: config.clusters has several clusters; name the one whose nodes these are in agent.cluster" }}
{{- end }}
{{- $own := dict }}
{{- range $clusters }}
{{- if or (not $.Values.agent.cluster) (eq .name $.Values.agent.cluster) }}{{ $own = . }}{{ end }}
{{- end }}
{{- if not $own }}
{{- fail (printf "agent.cluster: config.clusters has no %s" .Values.agent.cluster) }}
{{- end }}
{{- if not (dig "dns" "names" (list) $own) }}
{{- fail (printf "agent.enabled: cluster %s in config.clusters has no dns.names, so agents would watch nothing" $own.name) }}
{{- end }}
{{- $cluster := dict "name" $own.name "dns" (dict "names" $own.dns.names "resolvers" .Values.agent.resolvers) "connections" (dict "proc" "/host/proc") }}
{{- toYaml (merge (dict "clusters" (list $cluster)) (pick (.Values.config | default dict) "schedules" "retention")) }}
{{- end }}
{{- end }}

{{/* Ports beside 53 at which the config has resolvers asked, one a line. */}}
{{- define "elb-churn-exporter.resolverPorts" -}}
{{- range dig "clusters" (list) (.config | default dict) }}
{{- $resolvers := dig "dns" "resolvers" (list) . }}
{{- range dig "load_balancers" (list) . }}{{ $resolvers = concat $resolvers (dig "resolvers" (list) .) }}{{ end }}
{{- range $resolvers }}
{{- if regexMatch "^([0-9.]+|\\[.*\\]):[0-9]+$" . }}
{{ regexFind "[0-9]+$" . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Ports of endpoints and of reachability that the config has connected to, one a line. */}}
{{- define "elb-churn-exporter.tcpPorts" -}}
{{- range .Values.networkPolicy.apiPorts }}
{{ . }}
{{- end }}
{{- range dig "clusters" (list) (.Values.config | default dict) }}
{{- with dig "reachability" "port" "" . }}
{{ . }}
{{- end }}
{{- range dig "load_balancers" (list) . }}
{{- with .endpoint }}
{{- $host := (urlParse .).host }}
{{ regexMatch ":[0-9]+$" $host | ternary (regexFind "[0-9]+$" $host) (hasPrefix "http:" . | ternary "80" "443") }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
