// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"slices"

	"podman-net-dhcp/lab/bench/report"
)

//go:embed memory.gp
var memoryScript string

// line is a line of memory.svg.
type line struct {
	Name, Color, Width string
	Points             []point
	Below              bool // it ends below ours
}

type point struct {
	Leases int
	MB     float64
}

// Last is where its name is written.
func (l line) Last() point { return l.Points[len(l.Points)-1] }

// Offset is where its name goes beside that: away from another line.
func (l line) Offset() string {
	if l.Below {
		return "0.6,-1"
	}
	return "0.6,1"
}

// at is its height above so many leases, between the points that there are.
func (l line) at(leases int) float64 {
	for i, p := range l.Points[1:] {
		if q := l.Points[i]; q.Leases <= leases && leases <= p.Leases {
			return q.MB + (p.MB-q.MB)*float64(leases-q.Leases)/float64(p.Leases-q.Leases)
		}
	}
	return 0
}

// memory is the script of the picture of RSS by the number of leases.
func memory(r *report.Report) string {
	var lines []line
	most := 0
	peers := []string{"0xe69f00", "0xd55e00", "0xcc79a7", "0x999999"}
	for _, d := range r.Daemons {
		if d.RSS == 0 {
			continue
		}
		i := slices.IndexFunc(lines, func(l line) bool { return l.Name == d.Name })
		if i < 0 {
			l := line{Name: d.Name, Color: colors[d.Kind], Width: "3"}
			if d.Kind == report.Peer && len(peers) > 0 {
				l.Color, l.Width, peers = peers[0], "2", peers[1:]
			}
			i, lines = len(lines), append(lines, l)
		}
		lines[i].Points = append(lines[i].Points, point{d.Leases, float64(d.RSS) * 1024 / 1e6})
		most = max(most, d.Leases)
	}
	for i, l := range lines {
		lines[i].Below = l.Last().MB < lines[0].at(l.Last().Leases)
	}
	return fill(memoryScript, struct {
		Lines []line
		Most  int
	}{lines, most})
}
