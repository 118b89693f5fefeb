// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"bufio"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// capture is a tcpdump of what clients send to the server.
type capture struct {
	mu     sync.Mutex
	frames []frame
}

// frame is "MAC > MAC" and "address.port > address.port".
type frame struct{ ether, ip string }

var dumped = regexp.MustCompile(`^\S+ ([0-9a-f:]{17} > [0-9a-f:]{17}), .*: ([0-9.]+ > [0-9.]+): BOOTP`)

// capture starts one on the router's side. It sees what comes from now on.
func (s *scene) capture() *capture {
	s.Helper()
	c := &capture{}
	s.dumpOf("udp dst port 67", c.line)
	return c
}

// dumpOf hands each line of a tcpdump of these frames to line, from now on.
func (s *scene) dumpOf(frames string, line func(string)) {
	s.Helper()
	cmd := exec.Command("nsenter", "--net=/run/netns/router", "--", "tcpdump", "-nnettl", "--immediate-mode",
		"-i", "lan0", frames)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	words, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			line(lines.Text())
		}
	})
	s.Cleanup(func() { cmd.Process.Kill(); reading.Wait(); cmd.Wait() })
	ready := make(chan bool)
	go func() {
		for lines := bufio.NewScanner(words); lines.Scan(); {
			if strings.Contains(lines.Text(), "listening on") {
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(5 * time.Second):
		s.Fatal("tcpdump does not start")
	}
}

func (c *capture) line(text string) {
	if m := dumped.FindStringSubmatch(text); m != nil {
		c.mu.Lock()
		c.frames = append(c.frames, frame{m[1], m[2]})
		c.mu.Unlock()
	}
}

// of are the frames that a MAC has sent.
func (c *capture) of(mac string) (all []frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if strings.HasPrefix(f.ether, mac) {
			all = append(all, f)
		}
	}
	return all
}
