{{- define "elb-churn-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Names of objects; the release's own where it says what it is, so that docs can name deploy/elb-churn-exporter. */}}
{{- define "elb-churn-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 57 | trimSuffix "-" }}
{{- else }}
{{- $name := include "elb-churn-exporter.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- $full | trunc 57 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "elb-churn-exporter.agentName" -}}
{{ include "elb-churn-exporter.fullname" . }}-agent
{{- end }}

{{/* Never silently the namespace's default account: every pod there would get the rights that are bound to it. */}}
{{- define "elb-churn-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "elb-churn-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else if not .Values.serviceAccount.name }}
{{- fail "serviceAccount.create is false: name the account to use in serviceAccount.name (`default` for the namespace's own)" }}
{{- else if .Values.serviceAccount.roleArn }}
{{- fail (printf "serviceAccount.roleArn is put on an account that the chart makes; with serviceAccount.create false leave it empty and run: kubectl -n %s annotate serviceaccount %s eks.amazonaws.com/role-arn=%s" .Release.Namespace .Values.serviceAccount.name .Values.serviceAccount.roleArn) }}
{{- else }}
{{- .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "elb-churn-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "elb-churn-exporter.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Each label once: what selects pods, then those given for the object, then the common ones. root, component, labels. */}}
{{- define "elb-churn-exporter.labels" -}}
{{- $fixed := include "elb-churn-exporter.selectorLabels" . | fromYaml }}
{{- $_ := set $fixed "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") }}
{{- $_ := set $fixed "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $version := dict "app.kubernetes.io/version" .root.Chart.AppVersion }}
{{- toYaml (merge $fixed (default (dict) .labels) .root.Values.commonLabels $version) }}
{{- end }}

{{/* The metadata of an object: root, component, name; optional namespace, labels, annotations. */}}
{{- define "elb-churn-exporter.metadata" -}}
name: {{ .name }}
{{- if not .clusterScoped }}
namespace: {{ default .root.Release.Namespace .namespace }}
{{- end }}
labels:
  {{- include "elb-churn-exporter.labels" . | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "elb-churn-exporter.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}
