// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/request"
)

// troubles are what Look may find.
var (
	unplugged = kernel.Trouble{What: attach.Unplugged, Text: "not a port of br0"}
	linkGone  = kernel.Trouble{What: attach.LinkGone, Text: "eth0 is gone", Linkless: true}
	hostGone  = kernel.Trouble{What: attach.HostGone, Text: "bridge br0 is gone", Linkless: true}
)

// plugged is a container on br0, and the name of its port.
func (w *world) plugged() (port string) {
	w.t.Helper()
	s := w.space(9, nil)
	w.mustSetUp(s)
	w.rest()
	w.server.since()
	w.kernel.since()
	return request.Request{Attachment: request.Attachment(s.Wanted.Attachment)}.Remade().HostEnd
}

// cut has the kernel find a trouble, and tells the Manager of the port.
func (w *world) cut(trouble kernel.Trouble, port string) {
	w.kernel.with(func(k *fakeKernel) { k.trouble = trouble })
	w.m.PortsChanged([]string{"another", port})
	w.rest()
}

func TestPortIsMendedAndConfirmed(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.m.PortsChanged([]string{"another"})
		w.rest()
		w.wantCalls()
		w.cut(unplugged, port)
		w.wantHeard("REQUEST packet")
		w.wantState("BOUND")
		if calls := w.kernel.since(); !slices.Equal(calls, []string{"look", "replug", "packet", "apply 192.0.2.9/24 for 192.0.2.9/24"}) {
			t.Errorf("the calls are %v", calls)
		}
	})
}

// After an overrun, or a start of leased, only the ports are looked at that are not where they
// were.
func TestMissedPortsAreLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.m.PortsMissed(map[string]bool{port: true, "another": true})
		w.rest()
		w.wantCalls()
		w.must(w.restart(func() {}))
		w.kernel.since()
		w.kernel.with(func(k *fakeKernel) { k.trouble = unplugged })
		w.m.PortsMissed(map[string]bool{"another": true})
		w.rest()
		w.wantHeard("REQUEST packet")
		if calls := w.kernel.since(); !slices.Contains(calls, "replug") {
			t.Errorf("the calls are %v", calls)
		}
	})
}

// A link that cannot be made again yet is shown, its lease stays on disk, and it is made when the
// host's interface is back.
func TestLinkIsMadeAgainWhenItsHostIsBack(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.cut(hostGone, port)
		if s := w.shown(); s.Trouble != "bridge br0 is gone" || s.State != "INIT" {
			t.Errorf("List says %+v", s)
		}
		w.pass(20 * time.Minute)
		w.wantHeard()
		w.kernel.with(func(k *fakeKernel) { k.trouble = linkGone })
		w.m.HostChanged("br0", "", true)
		w.rest()
		w.wantHeard("REQUEST packet")
		w.wantState("BOUND")
		if w.log.has("container is gone") || !w.log.has("is on the LAN again") {
			t.Error("the log has the wrong words")
		}
		if s := w.shown(); s.Trouble != "" || s.Lease == nil {
			t.Errorf("List says %+v", s)
		}
	})
}

// A leased that starts while the link is gone has the lease from the record.
func TestLinkIsMadeAgainAfterARestart(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.cut(hostGone, port)
		w.kernel.with(func(k *fakeKernel) { k.check = fmt.Errorf("%w: %w", kernel.ErrGone, binding.ErrGone) })
		w.must(w.restart(func() {}))
		w.wantState("INIT")
		w.kernel.with(func(k *fakeKernel) { k.trouble, k.check = linkGone, nil })
		w.m.HostChanged("br0", "", true)
		w.rest()
		w.wantHeard("REQUEST packet")
		w.wantState("BOUND")
	})
}

// Another program takes the port away as soon as it is plugged in.
func TestContestedPortIsPlugged(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.kernel.with(func(k *fakeKernel) { k.contested = true })
		for range 10 * 60 { // a notice a second
			w.cut(unplugged, port)
			w.pass(time.Second)
		}
		replugs := 0
		for _, call := range w.kernel.since() {
			if call == "replug" {
				replugs++
			}
		}
		if replugs < 8 || replugs > 20 {
			t.Errorf("%d times plugged in, in ten minutes", replugs)
		}
		if n := w.log.count("again and again"); n != 1 {
			t.Errorf("the log says %d times that it is contested", n)
		}
		if n := w.log.count("cut off"); n != 1 {
			t.Errorf("the log says %d times that the container is cut off", n)
		}
		w.kernel.with(func(k *fakeKernel) { k.contested = false })
		w.pass(2 * time.Minute)
		w.wantState("BOUND")
	})
}

// The LAN is back, and its server is not yet: the lease stays in use, and is confirmed as soon as
// it is there.
func TestLANIsBackBeforeItsServer(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plugged()
		w.m.HostChanged("br0", "no carrier on eth1", false)
		w.rest()
		if s := w.shown(); s.Trouble != "no carrier on eth1" || s.State != "BOUND" {
			t.Errorf("List says %+v", s)
		}
		w.server.set(silent)
		w.m.HostChanged("br0", "", true)
		w.pass(4 * time.Second)
		if s := w.shown(); s.Lease == nil || s.Trouble != "" {
			t.Errorf("List says %+v", s)
		}
		w.server.set(grant(time.Hour))
		w.pass(4 * time.Second)
		w.wantState("BOUND")
		if heard := strings.Join(w.server.since(), ", "); strings.Contains(heard, "DISCOVER") {
			t.Errorf("the server heard %s", heard)
		}
	})
}

// A container without a lease asks at once when the LAN is there.
func TestCarrierBringsTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		w.setUp(context.Background(), w.space(9, map[string]string{"on_timeout": "continue"}), true)
		w.pass(10 * time.Minute)
		w.server.set(grant(time.Hour))
		w.m.HostChanged("br0", "", true)
		w.rest()
		w.wantState("BOUND")
	})
}

// DHCPv6 and the routers are asked as well.
func TestLANIsBackForIPv6(t *testing.T) {
	inWorld(t, func(w *world) {
		w.kernel.six.router = &router6{managed: true}
		w.acquire(w.container6(0, "auto"))
		w.wantHeard6("SOLICIT by dhcp6", "REQUEST by dhcp6")
		w.m.HostChanged("br0", "", true)
		w.pass(2 * time.Second)
		w.wantHeard6("CONFIRM by dhcp6")
		if s := w.shown(); s.State != "BOUND" || s.State6 != "BOUND" {
			t.Errorf("List says %+v", s)
		}
	})
}

// The end of the container is its end, also while its link is gone.
func TestContainerEndsWithoutItsLink(t *testing.T) {
	inWorld(t, func(w *world) {
		port := w.plugged()
		w.cut(hostGone, port)
		w.kernel.remove("/run/netns/9")
		w.m.PortsChanged([]string{port})
		w.rest()
		w.wantNothingLeft()
	})
}

// A link that the caller has made is not leased's to make.
func TestCallersLinkIsNotMadeAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.container(9))
		w.kernel.with(func(k *fakeKernel) { k.trouble = linkGone })
		w.m.HostChanged("br0", "", true)
		w.rest()
		w.wantNothingLeft()
	})
}
