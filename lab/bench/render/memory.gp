# SPDX-License-Identifier: Apache-2.0
# Resident memory by the number of leases, a line a daemon. A text/template.
set terminal svg size 860,420 font "sans-serif,14" background "white" enhanced
set title "Memory of the daemon" font ",16"
set xlabel "leases"
set ylabel "RSS, MB"
set xrange [0:{{.Most}}*1.12]
set yrange [0:*]
set offsets 0, 0, graph 0.08, 0
set grid linecolor rgb "0xdddddd"
set border 3
set tics nomirror scale 0
unset key
{{- range $i, $l := .Lines}}
$line{{$i}} << END
{{- range .Points}}
{{.Leases}} {{.MB}}
{{- end}}
END
set label "{{.Name}}" at {{.Last.Leases}},{{.Last.MB}} left offset {{.Offset}} textcolor rgb "{{.Color}}" noenhanced
{{- end}}
plot {{range $i, $l := .Lines}}{{if $i}}, {{end}}$line{{$i}} with linespoints pointtype 7 pointsize 0.6 linewidth {{.Width}} linecolor rgb "{{.Color}}"{{end}}
