{{/* Why: a process that listens at 9903 and reads needs no privilege at all. */}}
{{- define "elb-churn-exporter.container" -}}
image: {{ include "elb-churn-exporter.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
ports:
  - name: metrics
    containerPort: 9903
    protocol: TCP
{{- with .values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
startupProbe:
  {{- include "elb-churn-exporter.probe" (dict "root" .root "path" "/-/healthy") | trim | nindent 2 }}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  {{- include "elb-churn-exporter.probe" (dict "root" .root "path" "/-/healthy") | trim | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  {{- include "elb-churn-exporter.probe" (dict "root" .root "path" "/-/ready") | trim | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{/* The kubelet shows no client certificate: where one is asked for, only the port can be tried. */}}
{{- define "elb-churn-exporter.probe" -}}
{{- $headers := .root.Values.web.probeHeaders }}
{{- with .root.Values.web.probes }}
{{- if eq . "tcp" }}
{{- if $headers }}
{{- fail "web.probeHeaders: a tcp probe sends no header; set web.probes to http or https" }}
{{- end }}
tcpSocket:
  port: metrics
{{- else }}
httpGet:
  path: {{ $.path }}
  port: metrics
  {{- if eq . "https" }}
  scheme: HTTPS
  {{- end }}
  {{- with $headers }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Flags that exporter and agent share. */}}
{{- define "elb-churn-exporter.flags" -}}
- --web.listen-address=:9903
- --log.level={{ .Values.log.level }}
- --log.format={{ .Values.log.format }}
{{- if .Values.web.configSecret }}
- --web.config.file=/etc/elb-churn-exporter/web/{{ .Values.web.configKey }}
{{- end }}
{{- if not (kindIs "invalid" .Values.web.maxRequests) }}
- --web.max-requests={{ int .Values.web.maxRequests }}
{{- end }}
{{- end }}

{{/* Folders, not files: the kubelet swaps a mounted file only where its folder is mounted. */}}
{{- define "elb-churn-exporter.webMount" -}}
{{- if .Values.web.configSecret }}
- name: web-config
  mountPath: /etc/elb-churn-exporter/web
  readOnly: true
{{- end }}
{{- end }}

{{- define "elb-churn-exporter.webVolume" -}}
{{- if .Values.web.configSecret }}
- name: web-config
  secret:
    secretName: {{ .Values.web.configSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* Where pods of the exporter and of the agent run: root, values. */}}
{{- define "elb-churn-exporter.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
# SIGTERM ends it within 5 s.
terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
# The resolvers of the node: the exporter is to see what its kubelet sees, and works while the cluster's own DNS does not.
dnsPolicy: Default
enableServiceLinks: false
{{- end }}
