// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// story is all that happened, in its order: what the test did, what leased, its
// callers and the server said. A test that fails tells it.
type story struct {
	began  time.Time
	server *testlan.Dnsmasq

	mu     sync.Mutex
	lines  []string
	heard  int           // lines of the server
	latest int           // the line that the latest round begins with
	news   chan struct{} // closed, and another one made, with each line
}

func newStory(t *testing.T, server *testlan.Dnsmasq) *story {
	s := &story{began: time.Now(), server: server, news: make(chan struct{})}
	t.Cleanup(func() {
		if t.Failed() {
			s.add("the end")
			t.Logf("the story:\n%s", strings.Join(s.lines, "\n"))
		}
	})
	return s
}

func (s *story) add(format string, args ...any) {
	s.fetch()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, s.now()+fmt.Sprintf(format, args...))
	close(s.news)
	s.news = make(chan struct{})
}

// restart forgets what was before: a test of many rounds tells its last two.
func (s *story) restart(format string, args ...any) {
	s.mu.Lock()
	s.lines = s.lines[s.latest:]
	s.latest = len(s.lines)
	s.mu.Unlock()
	s.add(format, args...)
}

func (s *story) now() string { return fmt.Sprintf("%9.3f ", time.Since(s.began).Seconds()) }

// fetch adds what the server has said meanwhile.
func (s *story) fetch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.server.Output()
	for _, line := range all[s.heard:] {
		s.lines = append(s.lines, s.now()+"server: "+line)
	}
	s.heard = len(all)
}

// mark is where the story is now, for since.
func (s *story) mark() int {
	s.fetch()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lines)
}

// since are the lines from a mark on, and what is closed when there are more.
func (s *story) since(mark int) (lines []string, more <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[mark:len(s.lines):len(s.lines)], s.news
}

// has says whether a line from mark on has all words.
func (s *story) has(mark int, words ...string) bool {
	lines, _ := s.since(mark)
	for _, line := range lines {
		if contains(line, words) {
			return true
		}
	}
	return false
}

func contains(line string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(line, w) {
			return false
		}
	}
	return true
}

// patience is how long anything may take that has to happen: long, for a machine
// with much else to do.
const patience = 20 * time.Second

// wait waits for a line from mark on that has all words, until ended is closed
// or patience at its end; it says whether there was one.
func (s *story) wait(mark int, ended <-chan struct{}, words ...string) bool {
	late := time.After(patience)
	for {
		_, more := s.since(mark)
		if s.has(mark, words...) {
			return true
		}
		select {
		case <-more:
		case <-ended:
			return s.has(mark, words...)
		case <-late:
			return false
		}
	}
}

// follow tells what is read from r under a name, until it ends.
func (s *story) follow(who string, r *os.File) (ended <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			s.add("%s: %s", who, lines.Text())
		}
	}()
	return done
}
