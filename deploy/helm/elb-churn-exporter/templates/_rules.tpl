{{/*
The alert pack with its settings filled in. files/rules/*.json are made by the same code as `elb-churn-exporter rules`, with
a placeholder ${key.form} wherever a text shows a setting. Values go in as JSON strings, so that nothing breaks out.
*/}}
{{- define "elb-churn-exporter.groups" -}}
{{- $given := .Values.rules.settings }}
{{- $settings := dict }}
{{- range $key, $setting := .Files.Get "files/rule-settings.json" | fromJson }}
{{- $_ := set $settings $key (ternary (get $given $key) $setting.default (hasKey $given $key)) }}
{{- end }}
{{- range regexSplit " *, *" $settings.exporter_labels -1 }}
{{- if hasKey $settings.labels . }}{{ fail (printf "rules.settings.labels: cannot set the label %s, by which the rules tell one alert from another" .) }}{{ end }}
{{- end }}
{{- $variant := $settings.nodes_source }}
{{- if and (ne $variant "exporter") $settings.kube_state_metrics_cluster }}{{ $variant = printf "%s-named" $variant }}{{ end }}
{{- $text := .Files.Get (printf "files/rules/%s.json" $variant) }}
{{- range $key, $setting := .Files.Get "files/rule-settings.json" | fromJson }}
{{- $forms := include "elb-churn-exporter.forms" (dict "kind" $setting.kind "value" (get $settings $key)) | fromJson }}
{{- range $form, $shown := $forms }}
{{- $text = replace (printf "${%s.%s}" $key $form) (regexReplaceAll "^\"|\"$" (toJson $shown) "") $text }}
{{- end }}
{{- end }}
{{- $pack := fromJson $text }}
{{- range $group := $pack.groups }}
{{- range $rule := $group.rules }}
{{- range tuple "for" "keep_firing_for" }}
{{- if eq (get $rule .) "0s" }}{{ $_ := unset $rule . }}{{ end }}
{{- end }}
{{- if $rule.alert }}{{ $_ := set $rule "labels" (merge (dict) $settings.labels $rule.labels) }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml $pack.groups }}
{{- end }}

{{/* Each form that a setting takes in a text, as JSON: kind, value. */}}
{{- define "elb-churn-exporter.forms" -}}
{{- if eq .kind "duration" }}
{{- $ms := include "elb-churn-exporter.milliseconds" .value | int64 }}
{{- $seconds := divf $ms 1000 }}
{{- dict "duration" (include "elb-churn-exporter.duration" $ms) "words" (include "elb-churn-exporter.words" $ms) "seconds" (include "elb-churn-exporter.number" $seconds) | toJson }}
{{- else if eq .kind "ratio" }}
{{- $text := toString .value }}
{{- $share := float64 (trimSuffix "%" $text) }}
{{- if hasSuffix "%" $text }}{{ $share = divf $share 100 }}{{ end }}
{{- $percent := round (mulf $share 100) 2 }}
{{- dict "number" (include "elb-churn-exporter.number" $share) "percent" (printf "%s%%" (include "elb-churn-exporter.number" $percent)) | toJson }}
{{- else if eq .kind "count" }}
{{- dict "number" (toString (int .value)) | toJson }}
{{- else if eq .kind "matchers" }}
{{- $more := ternary "" (printf ", %s" .value) (empty .value) }}
{{- $alone := ternary "" (printf "{%s}" .value) (empty .value) }}
{{- dict "more" $more "alone" $alone "more_in_printf" (replace "%" "%%" $more) "alone_in_printf" (replace "%" "%%" $alone) | toJson }}
{{- else if eq .kind "label_names" }}
{{- dict "list" (regexSplit " *, *" .value -1 | join ", ") | toJson }}
{{- else if eq .kind "url" }}
{{- dict "text" (regexReplaceAll "/+$" .value "") | toJson }}
{{- else if kindIs "string" .value }}
{{- dict "text" .value | toJson }}
{{- else }}
{{- dict | toJson }}
{{- end }}
{{- end }}

{{/* A number without trailing zeros and without an exponent. */}}
{{- define "elb-churn-exporter.number" -}}
{{- regexReplaceAll "[.]?0+$" (printf "%.9f" (float64 .)) "" | default "0" }}
{{- end }}

{{/* Of 1h30m, as Prometheus writes durations. */}}
{{- define "elb-churn-exporter.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 }}
{{- $total := 0 }}
{{- range regexFindAll "[0-9]+(ms|[ywdhms])" . -1 }}
{{- $total = add $total (mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .) | int64)) }}
{{- end }}
{{- $total }}
{{- end }}

{{- define "elb-churn-exporter.duration" -}}
{{- $rest := int64 . }}
{{- range tuple (tuple 86400000 "d") (tuple 3600000 "h") (tuple 60000 "m") (tuple 1000 "s") (tuple 1 "ms") }}
{{- $count := div $rest (index . 0) }}
{{- $rest = mod $rest (index . 0) }}
{{- if $count }}{{ $count }}{{ index . 1 }}{{ end }}
{{- end }}
{{- if not . }}0s{{ end }}
{{- end }}

{{- define "elb-churn-exporter.words" -}}
{{- $rest := int64 . }}
{{- $parts := list }}
{{- range tuple (tuple 86400000 "day") (tuple 3600000 "hour") (tuple 60000 "minute") (tuple 1000 "second") (tuple 1 "millisecond") }}
{{- $count := div $rest (index . 0) }}
{{- $rest = mod $rest (index . 0) }}
{{- if $count }}{{ $parts = append $parts (printf "%d %s%s" $count (index . 1) (ternary "" "s" (eq $count 1))) }}{{ end }}
{{- end }}
{{- join " " $parts | default "0 seconds" }}
{{- end }}

{{/* rules.settings as flags of `elb-churn-exporter rules`; those that are as shipped are left out. */}}
{{- define "elb-churn-exporter.setFlags" -}}
{{- $given := .Values.rules.settings }}
{{- range $key, $setting := .Files.Get "files/rule-settings.json" | fromJson }}
{{- if hasKey $given $key }}
{{- $value := get $given $key }}
{{- $text := toString $value }}
{{- if eq $setting.kind "labels" }}
{{- $pairs := list }}
{{- range $label, $content := $value }}{{ $pairs = append $pairs (printf "%s=%s" $label $content) }}{{ end }}
{{- $text = join "," $pairs }}
{{- else if kindIs "float64" $value }}
{{- $text = include "elb-churn-exporter.number" $value }}
{{- end }}
{{- if ne $text (ternary "" (toString $setting.default) (eq $setting.kind "labels")) }} --set '{{ $key }}={{ replace "'" "'\\''" $text }}'{{ end }}
{{- end }}
{{- end }}
{{- end }}
