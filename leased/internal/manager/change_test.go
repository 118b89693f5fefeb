// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/request"
	"podman-net-dhcp/leased/internal/resolv"
)

// with gives every client 192.0.2.9 with these options.
func with(options ...[]byte) answer {
	return func(m message) []dt.Server {
		reply := map[dhcp4.Type]byte{dhcp4.Discover: 2, dhcp4.Request: 5}[m.kind]
		if reply == 0 {
			return nil
		}
		return []dt.Server{{XID: xid(m), MAC: m.ClientHWAddr, Your: netip.MustParseAddr("192.0.2.9"), Options: append([][]byte{
			dt.Opt(53, reply), dt.OptAddr(54, router.String()), dt.OptTime(51, 3600), dt.Opt(1, 255, 255, 255, 0),
		}, options...)}}
	}
}

func dns(addrs ...string) []byte { return dt.OptAddr(6, addrs...) }

// Other servers at a renewal reach resolv.conf, over a restart of leased as well.
func TestDNSChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.ResolvConf = true
		w.server.set(with(dns("192.0.2.53")))
		w.acquire(req)
		w.pass(31 * time.Minute) // nothing new
		w.kernel.since()
		w.server.set(with(dns("192.0.2.54")))
		w.pass(30 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24", "resolve id9 [192.0.2.53] [192.0.2.54]")
		_ = w.restart(func() {})
		w.server.set(with()) // none is no reason to take them away
		w.pass(30 * time.Minute)
		w.kernel.since()
		w.server.set(with(dns("192.0.2.55")))
		w.pass(30 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24", "resolve id9 [192.0.2.54] [192.0.2.55]")
	})
}

// The hook says which file it has written, and leased knows it after a restart.
func TestNotedResolvConf(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.ResolvConf = true
		w.server.set(with(dns("192.0.2.53")))
		w.acquire(req)
		w.m.NoteResolvConf(request.Note{ContainerID: "id9", Path: "/bundle/resolv.conf", Device: 7, Inode: 8})
		w.m.NoteResolvConf(request.Note{ContainerID: "id", Path: "/other/resolv.conf", Inode: 9})
		w.rest()
		_ = w.restart(func() {})
		w.kernel.since()
		w.server.set(with(dns("192.0.2.54")))
		w.pass(31 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24",
			"resolve id9 [192.0.2.53] [192.0.2.54] in {/bundle/resolv.conf 7 8}")
	})
}

// A file that is nobody's of ours is said once, and not tried again.
func TestForeignResolvConf(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.ResolvConf = true
		w.server.set(with(dns("192.0.2.53")))
		w.acquire(req)
		w.server.set(with(dns("192.0.2.54")))
		w.kernel.failing(failOn("resolve", resolv.ErrForeign))
		w.pass(31 * time.Minute)
		w.kernel.since()
		w.pass(30 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24")
		if n := w.log.count("resolv.conf is not the engine's or the hook's; leased does not change it"); n != 1 {
			t.Errorf("it is said %d times", n)
		}
	})
}

// What could not be written is tried again at the next renewal.
func TestDNSCannotBeWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.ResolvConf = true
		w.server.set(with(dns("192.0.2.53")))
		w.acquire(req)
		w.server.set(with(dns("192.0.2.54")))
		w.kernel.failing(failOn("resolve", errDisk))
		w.pass(31 * time.Minute)
		w.kernel.failing(nil)
		w.kernel.since()
		w.pass(30 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24", "resolve id9 [192.0.2.53] [192.0.2.54]")
		w.wantState("BOUND")
	})
}

func TestDNSIsNotOurs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(with(dns("192.0.2.53")))
		w.acquire(w.container(9))
		w.server.set(with(dns("192.0.2.54")))
		w.kernel.since()
		w.pass(31 * time.Minute)
		w.wantCalls("packet", "unicast 192.0.2.9 to 192.0.2.1", "apply 192.0.2.9/24 for 192.0.2.9/24")
	})
}

// A container that was started without a lease is told its servers when there is one.
func TestDNSComesLate(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.container(9)
		req.Policy.ResolvConf, req.Policy.OnTimeout = true, "continue"
		w.server.set(silent)
		if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
			t.Fatalf("Acquire: %+v, %v", l, err)
		}
		w.server.set(with(dns("192.0.2.53")))
		w.kernel.since()
		w.pass(time.Minute)
		w.wantCalls("apply 192.0.2.9/24", "resolve id9 [] [192.0.2.53]")
	})
}

// Each change is an event in the log, once.
func TestEachChangeIsLogged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(with(dns("192.0.2.53"), dt.OptAddr(3, "192.0.2.1"), dt.OptText(15, "a.example"), dt.Opt(26, 5, 120)))
		w.acquire(w.container(9))
		if w.log.has("lease changed") {
			t.Error("the first lease is no change")
		}
		w.server.set(with(dns("192.0.2.54"), dt.OptAddr(3, "192.0.2.2"), dt.OptText(15, "b.example"), dt.Opt(26, 5, 100)))
		w.pass(65 * time.Minute)
		for _, what := range []string{"dns", "routes", "search", "mtu"} {
			if n := w.log.count(`msg="lease changed" container=web9 net=lan ifname=eth0 what=` + what); n != 1 {
				t.Errorf("%s is logged %d times", what, n)
			}
		}
		if n := w.log.count("lease changed"); n != 4 {
			t.Errorf("%d changes are logged", n)
		}
	})
}
