// SPDX-License-Identifier: Apache-2.0

package attach_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// steps are the states in which a process that is killed in Make can leave the links.
var steps = []struct {
	name, host, mode string
	reach            func(l *lab, ns *netns.NS, s attach.Spec) error
}{
	{"nothing", testlan.HostBridge, "bridge", func(*lab, *netns.NS, attach.Spec) error { return nil }},
	{"pair", testlan.HostBridge, "bridge", func(l *lab, ns *netns.NS, s attach.Spec) error { return l.host.Pair(ns, s) }},
	{"pair for an older kernel", testlan.HostBridge, "bridge", (*lab).makeAnew},
	{"port of the bridge", testlan.HostBridge, "bridge", (*lab).makeWhole},
	{"macvlan with the other name", testlan.HostNIC, "bridge", (*lab).makeInterim},
	{"macvlan for an older kernel", testlan.HostNIC, "bridge", (*lab).makeAnew},
	{"macvlan", testlan.HostNIC, "bridge", (*lab).makeWhole},
	{"passthru with the other name", testlan.HostNIC, "passthru", (*lab).makeInterim},
	{"passthru with the NIC's MAC", testlan.HostNIC, "passthru", (*lab).makeAnew},
	{"passthru", testlan.HostNIC, "passthru", (*lab).makeWhole},
}

func (l *lab) makeAnew(ns *netns.NS, s attach.Spec) error    { return l.host.MakeAnew(ns, s) }
func (l *lab) makeInterim(ns *netns.NS, s attach.Spec) error { return l.host.MakeInterim(ns, s) }
func (l *lab) makeWhole(ns *netns.NS, s attach.Spec) error {
	_, err := l.host.Make(l.t.Context(), ns, s)
	return err
}

func TestUndoAfterEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			ns, s := l.open(l.container), spec(step.host)
			s.Mode, s.MTU = step.mode, 1400
			for range 2 { // the second one has room for its link again
				if err := step.reach(l, ns, s); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := l.host.Undo(ns, s); err != nil {
						t.Error(err)
					}
				}
				for _, name := range []string{s.Interface, s.HostEnd} {
					if left := l.link(l.container, name); left != nil {
						t.Errorf("the container still has %+v", left)
					}
				}
				if left := l.link(l.Host, s.HostEnd); left != nil {
					t.Errorf("the host still has %+v", left)
				}
			}
		})
	}
}

// The container's netns can be gone while another process still pins it.
func TestUndoWithoutTheNetns(t *testing.T) {
	t.Parallel()
	for _, step := range steps[:4] {
		l := newLab(t)
		s := spec(step.host)
		s.MTU = 1400
		if err := step.reach(l, l.open(l.container), s); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.host.Undo(nil, s); err != nil {
				t.Error(err)
			}
		}
		if l.link(l.Host, s.HostEnd) != nil || l.link(l.container, s.Interface) != nil {
			t.Errorf("%s: a link is left", step.name)
		}
	}
}

// In passthru mode without a MAC the container has the NIC's.
func TestUndoPassthruWithoutMAC(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ns, s := l.open(l.container), spec(testlan.HostNIC)
	s.Mode, s.MAC = "passthru", nil
	if err := l.makeWhole(ns, s); err != nil {
		t.Fatal(err)
	}
	if err := l.host.Undo(ns, s); err != nil || l.link(l.container, s.Interface) != nil {
		t.Errorf("the link is left, %v", err)
	}
}

func TestUndoLeavesOthersInterfaces(t *testing.T) {
	t.Parallel()
	for _, host := range []string{testlan.HostBridge, testlan.HostNIC} {
		for _, kind := range []string{"veth", "bridge"} {
			l := newLab(t)
			s := spec(host)
			add := func(in *testlan.NS, name, mac string) {
				in.Run("ip", "link", "add", name, "address", mac, "type", kind)
			}
			add(l.container, s.Interface, "02:09:09:09:09:01")
			add(l.container, s.HostEnd, "02:09:09:09:09:02")
			add(l.Host, s.HostEnd, "02:09:09:09:09:03")
			if kind != "veth" { // the MAC and the alias of the Spec alone prove nothing
				l.container.Run("ip", "link", "set", s.Interface, "address", s.MAC.String())
				l.Host.Run("ip", "link", "set", s.HostEnd, "address", "fe:01:02:03:04:05", "alias", s.Alias)
			}
			if err := l.host.Undo(l.open(l.container), s); err != nil {
				t.Error(err)
			}
			s.MAC = nil
			if err := l.host.Undo(l.open(l.container), s); err != nil {
				t.Error(err)
			}
			if l.link(l.container, s.Interface) == nil || l.link(l.container, s.HostEnd) == nil || l.link(l.Host, s.HostEnd) == nil {
				t.Errorf("on %s: another's %s is gone", host, kind)
			}
		}
	}
}

// Make waits by the caller's Pause, and gives up when it fails.
func TestPauseIsTheCallers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if _, err := l.make(spec(testlan.HostNIC)); err != nil {
		t.Fatal(err)
	}
	pauses := 0
	l.host.Pause = func(context.Context, time.Duration) error {
		if pauses++; pauses == 3 {
			l.container.Run("ip", "link", "delete", "lan0")
		}
		return nil
	}
	ns := l.open(l.Container())
	if _, err := l.host.Make(t.Context(), ns, spec(testlan.HostNIC)); err != nil || pauses < 3 {
		t.Errorf("after %d pauses: %v", pauses, err)
	}
	l.host.Pause = func(context.Context, time.Duration) error { return errors.New("no worker") }
	if _, err := l.host.Make(t.Context(), l.open(l.Container()), spec(testlan.HostNIC)); err == nil {
		t.Error("made a link whose MAC is in use")
	}
}

// An earlier version gave the host's end another name, and may have been killed since.
func TestUndoFindsTheFormerName(t *testing.T) {
	t.Parallel()
	for _, step := range steps[:4] {
		l := newLab(t)
		s := spec(step.host)
		s.MTU = 1400
		former := s
		former.HostEnd = s.FormerEnd
		if err := step.reach(l, l.open(l.container), former); err != nil {
			t.Fatal(err)
		}
		if err := l.host.Undo(nil, s); err != nil {
			t.Error(err)
		}
		if l.link(l.Host, s.FormerEnd) != nil {
			t.Errorf("after %s a link is left", step.name)
		}
	}
}
