// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What a server says to be run, printed or written into files, is none of it.
func TestHostileServer(t *testing.T) {
	const mark = "/run/e2e-owned"
	s := begin(t)
	s.Cleanup(func() { os.Remove(mark) })
	n := s.bridge()
	evil := []string{"$(touch " + mark + ")", "`touch " + mark + "`", ";touch " + mark + ";", "a\x1b[2Jb", "a\nnameserver 203.0.113.1", `a"b`, "() { :;}; touch " + mark}
	for i, text := range evil {
		hex := strings.ReplaceAll(fmt.Sprintf("% x", text), " ", ":")
		args := []string{"--dhcp-option-force=12," + text, "--dhcp-option-force=15," + text} // texts to dnsmasq, not bytes
		for _, option := range []string{"17", "56", "66", "67", "114", "252"} {
			args = append(args, "--dhcp-option-force="+option+","+hex)
		}
		s.server(append(args, "--dhcp-option=option:dns-server,192.0.2.53")...)
		c := s.run(strconv.Itoa(i), "--network", n)
		said := s.details(c.bound(n, "eth0").MacAddress)
		contains(s, "what the server says", said, fmt.Sprintf("size:%3d option: 15 domain-name ", len(text)), fmt.Sprintf("size:%3d option: 12 hostname ", len(text)),
			fmt.Sprintf("size:%3d option:252 ", len(text)))
		equal(s, "resolv.conf", c.resolv(), "nameserver 192.0.2.53")
		c.remove()
	}
	if _, err := os.Lstat(mark); err == nil {
		s.Error("something of it was run")
	}
	if log := s.journal(); strings.ContainsAny(log, "\x1b\x00") || strings.Contains(log, "\nnameserver") {
		s.Errorf("the log: %q", log)
	}
}
