// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// chosen has servers answer a SOLICIT, each after 10 ms more, and returns whom the
// REQUEST goes to, and how long after the first.
func chosen(t *testing.T, answers ...[]change) (server []byte, after time.Duration) {
	t.Helper()
	w := newWorld(t, lease6.Config{})
	w.want()
	start := w.now
	for _, a := range answers {
		if acts := w.advertise(a...); len(sent(acts)) > 0 {
			return sent(acts)[0].Server, w.now.Sub(start)
		}
		w.now = w.now.Add(10 * time.Millisecond)
	}
	acts := w.fire()
	if s := sent(acts); len(s) == 1 && s[0].Type == dhcp6.Request {
		return s[0].Server, w.now.Sub(start)
	}
	return nil, 0
}

// RFC 8415 §18.2.9: the highest preference; then the most addresses, then the first.
func TestHighestPreferenceIsChosen(t *testing.T) {
	a, b, c := []byte{1}, []byte{2}, []byte{3}
	for name, x := range map[string]struct {
		answers [][]change
		want    []byte
		after   time.Duration
	}{
		"one":                {[][]change{{from(a)}}, a, 100 * time.Millisecond},
		"first come":         {[][]change{{from(a)}, {from(b)}}, a, 100 * time.Millisecond},
		"preference":         {[][]change{{from(a)}, {from(b), prefers(7)}, {from(c), prefers(6), two}}, b, 100 * time.Millisecond},
		"most addresses":     {[][]change{{from(a)}, {from(b), two}, {from(c)}}, b, 100 * time.Millisecond},
		"255 at once":        {[][]change{{from(a), prefers(254)}, {from(b), prefers(255)}, {from(c)}}, b, 10 * time.Millisecond},
		"255 first":          {[][]change{{from(a), prefers(255)}, {from(b), prefers(255)}}, a, 0},
		"255, no addresses":  {[][]change{{from(a), prefers(255), failsIA(dhcp6.NoAddrsAvail)}, {from(b)}}, b, 100 * time.Millisecond},
		"answers twice":      {[][]change{{from(a)}, {from(a), prefers(9)}, {from(b), prefers(8)}}, b, 100 * time.Millisecond},
		"more than we keep":  {[][]change{{from(a)}, {from(b)}, {from(c)}, {from([]byte{4})}, {from([]byte{5}), prefers(1)}}, []byte{5}, 100 * time.Millisecond},
		"no usable address":  {[][]change{{from(a), gives(life(client, 2, 1))}, {from(b), gives(life(client, 0, 0))}, {from(c), stateless}}, nil, 0},
		"T1 after T2":        {[][]change{{from(a), times(2, 1)}}, nil, 0},
		"UnspecFail":         {[][]change{{from(a), fails(dhcp6.UnspecFail)}}, nil, 0},
		"NoAddrsAvail, top":  {[][]change{{from(a), func(r *dhcp6.Reply) { r.Status = dhcp6.NoAddrsAvail }}}, nil, 0},
		"NoAddrsAvail in IA": {[][]change{{from(a), func(r *dhcp6.Reply) { r.IAStatus = dhcp6.NoAddrsAvail }}}, nil, 0},
	} {
		if got, after := chosen(t, x.answers...); !bytes.Equal(got, x.want) || after != x.after {
			t.Errorf("%s: server %x after %s, want %x after %s", name, got, after, x.want, x.after)
		}
	}
}

// After the first RT whoever answers first is taken at once (§18.2.1).
func TestLateAdvertiseIsTakenAtOnce(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	w.fire()
	w.do(w.advertise(), "REQUEST,s,a").state(lease6.Requesting)
}

// The first RT ends the collecting.
func TestCollectingEndsWithRT(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	first := w.m.Deadline()
	w.now = w.now.Add(950 * time.Millisecond)
	w.advertise()
	if w.m.Deadline() != first {
		t.Errorf("waits until %s, want %s", w.m.Deadline().Sub(boot), first.Sub(boot))
	}
	w.do(w.fire(), "REQUEST,s,a")
}

// The REQUEST asks the server for what it offered.
func TestRequestAsksForTheOffer(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	s := sent(w.advertise(prefers(255), gives(life(client, 1, 1), life(second, 2, 1), life(other, 1, 1))))[0]
	if !bytes.Equal(s.Server, server) || !slices.Equal(s.Addrs, []netip.Addr{client, other}) {
		t.Errorf("REQUEST to %x for %v", s.Server, s.Addrs)
	}
}

// SOLICIT hints at what was configured; at what was remembered and is over; at what
// a lease had that ended; and at nothing that a server refused.
func TestSolicitHints(t *testing.T) {
	hint := func(acts []lease6.Action, want ...netip.Addr) {
		t.Helper()
		s := sent(acts)
		if len(s) != 1 || s[0].Type != dhcp6.Solicit || !slices.Equal(s[0].Addrs, want) {
			t.Errorf("sent %+v, want a hint at %v", s, want)
		}
	}
	hint(newWorld(t, lease6.Config{}).want())
	w := newWorld(t, lease6.Config{Requested: other})
	hint(w.want(), other)
	hint(newWorld(t, lease6.Config{Requested: other}).at(1000*time.Second).resume(), client)
	w.advertise(prefers(255))
	hint(w.reply(fails(dhcp6.NotOnLink)))
	w = newWorld(t, lease6.Config{}).bind()
	hint(w.at(1000*time.Second).after(0), client)
}

// RFC 8415 §18.2.1: only if asked for, and only where the REPLY says so. The lease
// counts from the SOLICIT.
func TestRapidCommit(t *testing.T) {
	w := newWorld(t, lease6.Config{RapidCommit: true})
	w.do(w.want(), "SOLICIT,r").do(w.reply(), "").do(w.reply(rapid, failsIA(dhcp6.NoAddrsAvail)), "Report")
	w.advertise()
	w.now = w.now.Add(50 * time.Millisecond)
	w.do(w.reply(rapid), "Bind,1").state(lease6.Bound)
	if l, _ := w.m.Lease(); l.Start != boot {
		t.Errorf("starts %s after SOLICIT", l.Start.Sub(boot))
	}
	w = newWorld(t, lease6.Config{})
	w.want()
	w.do(w.reply(rapid), "").state(lease6.Soliciting)
}

// A network that was mute for longer than it then grants.
func TestRapidCommitIsOver(t *testing.T) {
	w := newWorld(t, lease6.Config{RapidCommit: true})
	w.want()
	w.at(1000*time.Second).do(w.reply(rapid), "Report SOLICIT,r").do(w.reply(rapid), "Bind,1")
}
