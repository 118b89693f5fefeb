// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A host boots, and two hundred containers come back at once: each has the address
// that it had, and has asked for nothing but that (INIT-REBOOT).
func TestReboot(t *testing.T) {
	h := newHost(t, 1)
	h.release = "20s"
	d := h.run()
	all := h.apart(200)
	each(t, all, 1, (*container).join)
	h.agree(all)
	had := map[string]netip.Prefix{}
	for _, c := range all {
		had[c.mac.String()] = c.lease.Address
	}
	d.stop()
	for _, c := range all {
		c.ns.Delete()
	}
	must(t, os.RemoveAll(h.state))

	for _, c := range all { // now: what is mounted later leased's mount namespace has not
		c.ns = h.lan.Container()
	}
	d = h.boot()
	h.holds(all)
	asked, heard := h.discovers(), len(h.segments[0].server.Log())
	each(t, all, 4, (*container).plug)
	h.atOnce(all, false)
	h.agree(all)
	for _, c := range all {
		mac := c.mac.String()
		if c.lease.Address != had[mac] {
			t.Errorf("%s had %s, and has %s", c.at.ContainerID, had[mac], c.lease.Address)
		}
		addr := c.lease.Address.Addr().String()
		want := []string{"DHCPREQUEST " + addr + " " + mac, "DHCPACK " + addr + " " + mac + " " + c.at.ContainerName}
		if got := about(mac, h.segments[0].server.Log()[heard:]); !slices.Equal(got, want) {
			t.Errorf("the server's log of %s is %q, want %q", c.at.ContainerID, got, want)
		}
	}
	if n := h.discovers() - asked; n > 0 {
		t.Errorf("%d DISCOVERs after the boot", n)
	}
	d.rests()
	d.stop()
}

// boot starts a leased that sees another boot's id.
func (h *host) boot() *daemon {
	h.t.Helper()
	id := filepath.Join(h.t.TempDir(), "boot_id")
	must(h.t, os.WriteFile(id, []byte("00000000-0000-4000-8000-000000000000\n"), 0o600))
	const other = `mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"`
	return h.run("unshare", "--mount", "sh", "-c", other, id)
}

// holds checks that leased has a lease of each, and lists it as held.
func (h *host) holds(all []*container) {
	h.t.Helper()
	listed := h.list()
	for _, c := range all {
		if s := listed[c.at]; s.State != "HELD" {
			h.t.Errorf("after the boot leased lists %+v for %s", s, c.at.ContainerID)
		}
	}
	if len(listed) != len(all) {
		h.t.Errorf("after the boot leased lists %d, want %d", len(listed), len(all))
	}
}

func about(mac string, log []string) (events []string) {
	for _, e := range log {
		if strings.Contains(e, mac) {
			events = append(events, e)
		}
	}
	return events
}
