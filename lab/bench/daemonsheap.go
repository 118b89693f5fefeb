// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// again starts leased anew on the leases that there are: as it is released, for the
// time it takes, and as a debug build, for its heap.
func (l *leased) again(d *report.Daemon) error {
	next, err := startLeased(leasedProgram, l.dir)
	if err != nil {
		return err
	}
	d.Ready = next.ready
	if err := errors.Join(next.has(d.Leases), next.stop()); err != nil {
		return err
	}
	with, err := heapOf(l.dir, d.Leases)
	if err != nil {
		return err
	}
	without, err := heapOf(l.dir+"-empty", 0)
	d.Heap = with - without
	say("%-14s %5d leases  ready in %.0f ms  heap of %d KiB more than without", d.Name, d.Leases, d.Ready, d.Heap>>10)
	return errors.Join(err, os.RemoveAll(l.dir+"-empty"))
}

// heapOf is the heap in use, in bytes, of a leased with the leases in dir.
func heapOf(dir string, leases int) (int, error) {
	l, err := startLeased(leasedDebug, dir, "--pprof", dir+"/pprof")
	if err != nil {
		return 0, err
	}
	if err := l.has(leases); err != nil {
		return 0, err
	}
	time.Sleep(rest)
	heap, err := profiledHeap(dir + "/pprof")
	return heap, errors.Join(err, l.stop())
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

func profiledHeap(socket string) (int, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	reply, err := client.Get("http://leased/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	b, err := io.ReadAll(reply.Body)
	if err != nil {
		return 0, err
	}
	m := heapAlloc.FindSubmatch(b)
	if m == nil {
		return 0, errors.New("the heap's profile names no HeapAlloc")
	}
	return strconv.Atoi(string(m[1]))
}
