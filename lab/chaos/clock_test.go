// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// ahead runs leased under a clock that is seconds ahead of the machine's: what it
// is in the morning after a night's suspend. A time namespace's offset is set when
// it is made, so that leased has to be started anew to have another one.
func ahead(seconds int) []string {
	return []string{"unshare", "--time", "--boottime", strconv.Itoa(seconds), "--fork", "--kill-child"}
}

// Offsets in seconds. The server's leases are for two minutes.
const (
	base   = 10_000
	nap    = base + 65  // T1 is over, T2 is not
	doze   = base + 110 // T2 is over
	night  = base + 30_000
	before = base - 5_000
)

// slept has leased bind a container under one clock and start again under another;
// what else happens meanwhile is up to the caller.
func slept(t *testing.T, program string, to int, meanwhile ...func(h *host)) (h *host, c *container, mark int) {
	h = newHost(t, program)
	d := h.run(ahead(base)...)
	c = h.container("web", "now")
	c.join().done(t, "the join")
	h.settle(world{live: []*container{c}})
	d.stop()
	for _, do := range meanwhile {
		do(h)
	}
	mark = h.story.mark()
	h.run(ahead(to)...)
	return h, c, mark
}

// A suspend that leased has slept through while it was being restarted costs what
// it has to: nothing, a renewal, or the lease.
func TestTimeNamespace(t *testing.T) {
	t.Parallel()
	program := build(t)
	t.Run("T1 is over", func(t *testing.T) { t.Parallel(); overdue(t, program, nap, "RENEWING") })
	t.Run("T2 is over", func(t *testing.T) { t.Parallel(); overdue(t, program, doze, "REBINDING") })
	t.Run("the lease is over", func(t *testing.T) { t.Parallel(); expired(t, program) })
	t.Run("another boot", func(t *testing.T) { t.Parallel(); rebooted(t, program) })
	t.Run("the clock has gone back", func(t *testing.T) { t.Parallel(); goneBack(t, program) })
}

func overdue(t *testing.T, program string, to int, state string) {
	h, c, mark := slept(t, program, to)
	h.tells(mark, "leased: ", "msg=state", "state="+state)
	h.hears(mark, "DHCPACK", c.mac)
	h.settle(world{live: []*container{c}})
	if h.heard(mark, "DHCPDISCOVER") > 0 || h.told(mark, "unbind") > 0 {
		t.Error("the lease was given up")
	}
	c.leave().done(t, "the end")
	c.remove()
	h.settle(world{})
}

func expired(t *testing.T, program string) {
	// Meanwhile the server has come to have other addresses to give.
	h, c, mark := slept(t, program, night, func(h *host) {
		h.server.Restart("--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.50,192.0.2.59,255.255.255.0,2m")
	})
	h.tells(mark, "leased: ", "msg=unbind", "expired")
	h.hears(mark, "DHCPDISCOVER", c.mac)
	h.settle(world{live: []*container{c}})
}

// goneBack is what no kernel does: leased need not know better than its record, but
// neither may it end, nor have an address that the server does not know of.
func goneBack(t *testing.T, program string) {
	h, c, mark := slept(t, program, before)
	h.settle(world{live: []*container{c}})
	c.leave().done(t, "the end")
	c.remove()
	h.settle(world{})
	if h.told(mark, "panic") > 0 {
		t.Error("it panics")
	}
}

// rebooted has leased find what it has on disk after a boot: its clock is back at
// the beginning, the boot has another id, and its containers are gone. One that
// comes back has its address again, confirmed by the server.
func rebooted(t *testing.T, program string) {
	h := newHost(t, program)
	d := h.run(ahead(base)...)
	c := h.container("web", "20s")
	c.join().done(t, "the join")
	h.settle(world{live: []*container{c}})
	was := h.given()[c.mac]
	d.stop()
	c.remove()

	boot := filepath.Join(t.TempDir(), "boot_id")
	must(t, os.WriteFile(boot, []byte("00000000-0000-4000-8000-000000000000\n"), 0o600))
	const other = `mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"`
	mark := h.story.mark()
	c = h.container("web", "20s") // now: what is mounted later leased's mount namespace has not
	h.run(append(ahead(before), "unshare", "--mount", "sh", "-c", other, boot)...)
	if list := h.list(); len(list) != 1 || list[0].State != "HELD" {
		t.Errorf("leased remembers %+v", list)
	}
	c.join().done(t, "the join after the boot")
	h.settle(world{live: []*container{c}})
	if now := h.given()[c.mac]; now[0] != was[0] || h.heard(mark, "DHCPDISCOVER") > 0 {
		t.Errorf("it had %q, and has %q", was, now)
	}
}
