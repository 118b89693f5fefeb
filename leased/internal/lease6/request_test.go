// SPDX-License-Identifier: Apache-2.0

package lease6_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/lease6"
)

// RFC 8415 §16: what is not for us, or not an answer, changes nothing, in any state
// that waits for one.
func TestForeignMessagesAreDropped(t *testing.T) {
	bad := map[string]change{
		"xid":        func(r *dhcp6.Reply) { r.XID ^= 1 },
		"xid 0":      func(r *dhcp6.Reply) { r.XID = 0 },
		"no client":  func(r *dhcp6.Reply) { r.Client = nil },
		"client":     func(r *dhcp6.Reply) { r.Client = append([]byte{1}, duid...) },
		"no server":  func(r *dhcp6.Reply) { r.Server = nil },
		"wrong type": func(r *dhcp6.Reply) { r.Type ^= dhcp6.Advertise ^ dhcp6.ReplyType },
	}
	for state, prepare := range reach {
		for name, f := range bad {
			w := newWorld(t, lease6.Config{})
			prepare(w)
			before, xid, deadline := w.m.State(), w.m.XID(), w.m.Deadline()
			typ := dhcp6.ReplyType
			if before == lease6.Soliciting {
				typ = dhcp6.Advertise
			}
			acts := w.answer(typ, f, func(r *dhcp6.Reply) { r.SolMaxRT, r.InfMaxRT = 60, 60 })
			if len(sent(acts)) > 0 || w.m.State() != before || w.m.XID() != xid || w.m.Deadline() != deadline {
				t.Errorf("%s, %s: %s", state, name, show(acts))
			}
		}
	}
}

// REQUESTING and RENEWING only hear the server that they ask, REBINDING any. The other server of
// a pair may grant what REQUEST asks for, and refuse nothing.
func TestOnlyTheChosenServerCounts(t *testing.T) {
	w := newWorld(t, lease6.Config{}).request()
	for _, refuses := range []change{
		gives(life(other, 800, 1000)), gives(), fails(dhcp6.NotOnLink), failsIA(dhcp6.NoAddrsAvail), times(2, 1), gives(life(client, 2, 1)),
	} {
		w.do(w.reply(from(rival), refuses), "Report").state(lease6.Requesting)
	}
	w.do(w.reply(from(rival)), "Bind,1").state(lease6.Bound)
	if s := sent(w.fire()); len(s) != 1 || !bytes.Equal(s[0].Server, rival) {
		t.Errorf("renewed at %+v", s)
	}
	w = newWorld(t, lease6.Config{}).request()
	w.do(w.reply(), "Bind,1")
	w.fire()
	w.do(w.reply(from(rival)), "Report").state(lease6.Renewing)
}

// RFC 8415 §18.2.10.1, a REPLY to REQUEST: NotOnLink is SOLICIT without addresses,
// NoAddrsAvail the next server, UnspecFail more tries, UseMulticast nothing at all.
func TestRequestStatus(t *testing.T) {
	w := newWorld(t, lease6.Config{Requested: client}).request()
	w.do(w.reply(fails(dhcp6.NotOnLink)), "Report SOLICIT")

	w = newWorld(t, lease6.Config{})
	w.want()
	w.advertise(from(rival))
	w.advertise(prefers(255))
	w.do(w.reply(failsIA(dhcp6.NoAddrsAvail)), "Report REQUEST,s,a").do(w.reply(from(rival)), "Bind,1")

	for _, s := range []dhcp6.Status{dhcp6.UnspecFail, dhcp6.UseMulticast, 99} {
		w = newWorld(t, lease6.Config{}).request()
		xid, n := w.m.XID(), 1
		for w.m.State() == lease6.Requesting && n < 20 {
			w.reply(fails(s)) // reported at first, then no more
			if acts := w.fire(); w.m.XID() == xid {
				w.do(acts, "REQUEST,s,a")
				n++
			}
		}
		if n != 10 || w.m.State() != lease6.Soliciting {
			t.Errorf("status %d: %d REQUESTs, then %v", s, n, w.m.State())
		}
	}
}

// However many servers offer and refuse, four REQUESTs follow a SOLICIT.
func TestOffersAreBounded(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	for i := range 20 {
		w.advertise(from([]byte{byte(i)}))
	}
	acts := w.fire()
	for range 3 {
		acts = w.do(acts, "REQUEST,s,a").reply(from(sent(acts)[0].Server), failsIA(dhcp6.NoAddrsAvail))[1:]
	}
	w.do(acts, "REQUEST,s,a").do(w.reply(from(sent(acts)[0].Server), failsIA(dhcp6.NoAddrsAvail)), "Report SOLICIT")
}

// Ten REQUESTs without an answer, then SOLICIT (REQ_MAX_RC).
func TestServerIsGivenUp(t *testing.T) {
	w := newWorld(t, lease6.Config{}).request()
	for range 9 {
		w.do(w.fire(), "REQUEST,s,a")
	}
	w.do(w.fire(), "Report SOLICIT").state(lease6.Soliciting)
}

// Refusal after refusal: three times none, then 1, 2, 4 … 60 s between them, until
// there was a lease.
func TestRefusalPauses(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	for _, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60} {
		w.refuse(1)
		if want > 0 {
			if got := w.m.Deadline().Sub(w.now); w.m.State() != lease6.Init || got != want*time.Second {
				t.Errorf("%v for %s, want INIT for %ds", w.m.State(), got, want)
			}
			w.fire()
		}
		w.state(lease6.Soliciting)
	}
	w.advertise(prefers(255))
	w.reply()
	w.fire()
	w.do(w.reply(fails(dhcp6.NotOnLink)), "Report Unbind SOLICIT")
}

// A flood is reported a little.
func TestReportsAreBounded(t *testing.T) {
	w := newWorld(t, lease6.Config{})
	w.want()
	n := 0
	for range 1000 {
		n += len(w.advertise(from(nil)))
	}
	if n != 8 {
		t.Errorf("%d reports", n)
	}
}

// Whatever a server answers, at once, an hour long: no more than a message a second
// and a burst. world looks at each minute.
func TestHostileServer(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(t, lease6.Config{RapidCommit: seed%2 == 0, Rand: rnd.Uint64})
		hostile := []change{
			failsIA(dhcp6.NoAddrsAvail), failsIA(dhcp6.NoBinding), fails(dhcp6.NotOnLink), gives(life(client, 0, 0)),
			gives(life(client, 1, 1)), gives(life(client, 0, 2)), times(1, 1), times(1, 2), rapid, two, fails(dhcp6.UnspecFail),
		}
		pick := func() change {
			if seed < 22 { // always the same, with rapid commit or not
				return hostile[seed/2]
			}
			return hostile[rnd.IntN(len(hostile))]
		}
		w.want()
		for w.now < boot.Add(time.Hour) && !t.Failed() {
			for range 50 {
				if !w.m.Listening() {
					break
				}
				if w.m.State() == lease6.Soliciting {
					w.advertise(prefers(255))
					w.reply(rapid, pick())
				} else {
					w.reply(pick())
				}
			}
			w.fire()
		}
		if w.total > 3600+20 {
			t.Errorf("seed %d: %d messages in an hour", seed, w.total)
		}
	}
}
