// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// renewing are a server's arguments that have clients renew every other second:
// dnsmasq has T1 a second before T2 where it does not like what it is told.
var renewing = []string{"--dhcp-option-force=option:T1,2", "--dhcp-option-force=option:T2,3"}

// broken is a way for a disk to fail, and the end of that.
type broken struct {
	fail, mend func(t *testing.T, dir string)
}

func remount(flags uintptr, data string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		must(t, unix.Mount("", dir, "tmpfs", unix.MS_REMOUNT|flags, data))
	}
}

var (
	readOnly = broken{remount(unix.MS_RDONLY, ""), remount(0, "")}
	full     = broken{fill, drain}
)

const ballast = "ballast"

// fill leaves no room for another byte.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, ballast))
	must(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
}

func drain(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Remove(filepath.Join(dir, ballast)))
}

func TestReadOnlyState(t *testing.T) { t.Parallel(); brokenDisks(t, readOnly) }
func TestDiskFullState(t *testing.T) { t.Parallel(); brokenDisks(t, full) }

func brokenDisks(t *testing.T, b broken) {
	program := build(t)
	t.Run("state", func(t *testing.T) { t.Parallel(); brokenState(t, program, b) })
	t.Run("memory", func(t *testing.T) { t.Parallel(); brokenMemory(t, program, b) })
}

// tmpfs is a small one on a directory, until the test ends.
func tmpfs(t *testing.T, dir string) {
	t.Helper()
	must(t, os.Mkdir(dir, 0o700))
	must(t, unix.Mount("chaos", dir, "tmpfs", 0, "size=64k,mode=0700"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// brokenState breaks the disk of the records: leases are renewed all the same, new
// ones are granted, the log tells of it, and once it is mended records are written.
func brokenState(t *testing.T, program string, b broken) {
	h := newHost(t, program, renewing...)
	tmpfs(t, h.state)
	d := h.run()
	first, second := h.container("first", "now"), h.container("second", "now")
	first.join().done(t, "a join")
	h.settle(world{live: []*container{first}})

	b.fail(t, h.state)
	mark := h.story.mark()
	h.tells(mark, "leased: ", "level=ERROR", `msg="write the lease's record"`, "container=first")
	h.hears(mark, "DHCPREQUEST", first.mac)
	h.hears(h.story.mark(), "DHCPACK", first.mac)
	second.join().done(t, "a join without a disk")
	if got := h.recorded(second); got {
		t.Error("the disk is not as broken as it should be")
	}

	b.mend(t, h.state)
	h.settle(world{live: []*container{first, second}})
	d.kill()
	mark = h.story.mark()
	h.run()
	h.settle(world{live: []*container{first, second}})
	if n := h.heard(mark, "DHCPDISCOVER"); n > 0 {
		t.Errorf("%d DISCOVERs after a restart", n)
	}
	first.leave().done(t, "the end")
	h.settle(world{live: []*container{second}})
}

// brokenMemory breaks the disk of the lease memory, which no start waits for.
func brokenMemory(t *testing.T, program string, b broken) {
	h := newHost(t, program, renewing...)
	tmpfs(t, h.memory)
	h.run()
	first, second := h.container("first", "now"), h.container("second", "now")
	first.join().done(t, "a join")
	h.settle(world{live: []*container{first}})

	b.fail(t, h.memory)
	mark := h.story.mark()
	second.join().done(t, "a join without a disk") // the memo of the first was written lately
	h.tells(mark, "leased: ", "level=ERROR", `msg="write the lease memory"`)
	for range 2 {
		h.hears(h.story.mark(), "DHCPACK", first.mac)
	}
	b.mend(t, h.memory)
	h.tells(mark, "leased: ", "level=INFO", "can be written again")
	h.settle(world{live: []*container{first, second}})
	if n := h.told(mark, "level=ERROR"); n != 1 {
		t.Errorf("the log tells of it %d times, want once", n)
	}
}

func (h *host) recorded(c *container) bool {
	for _, r := range h.look(nil).records {
		if r.Request.Attachment == c.at {
			return true
		}
	}
	return false
}

// tells waits for a line of the story.
func (h *host) tells(mark int, words ...string) {
	h.t.Helper()
	if !h.story.wait(mark, nil, words...) {
		h.t.Fatalf("nobody says %q", words)
	}
}

// told is how many lines from the mark on have all words.
func (h *host) told(mark int, words ...string) (n int) {
	lines, _ := h.story.since(mark)
	for _, line := range lines {
		if contains(line, words) {
			n++
		}
	}
	return n
}
