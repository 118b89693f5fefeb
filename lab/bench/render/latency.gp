# SPDX-License-Identifier: Apache-2.0
# How long an attach takes, by way: a bar to p50, a whisker to p95. A text/template.
set terminal svg size 860,{{.Height}} font "sans-serif,14" background "white" enhanced
set title "From a fresh network namespace to a leased address" font ",16"
$bars << END
{{- range .Bars}}{{if .Name}}
{{.P50}} {{.Y}} {{.P95}} {{.Color}} "{{.Said}} ms"
{{- end}}{{end}}
END
set logscale x
set xrange [0.5:10000]
set yrange [-{{len .Bars}}:0.8]
set xlabel "ms, logarithmic; bar: p50, whisker: p95"
set format x "%.0f"
set xtics (1, 10, 100, 1000, 10000)
set grid xtics linecolor rgb "0xdddddd"
set border 1
set tics nomirror scale 0
set ytics () noenhanced
{{- range .Bars}}{{if .Name}}
set ytics add ("{{.Name}}" {{.Y}})
{{- else}}
set label "{/:Bold {{.Title}}}" at graph 0.01, first {{.Y}} left
{{- end}}{{end}}
unset key
set style fill solid noborder
set bars 0.6
plot $bars using (0.5):2:(0.5):1:($2-0.36):($2+0.36):4 with boxxyerror linecolor rgb variable, \
	'' using 1:2:1:3 with xerrorbars pointtype 0 linecolor rgb "0x333333", \
	'' using 3:2:5 with labels left offset 0.8,0 textcolor rgb "0x333333"
