// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/record"
)

// reboot is the host's: all containers and what is in /run are gone, and the clock
// that counts from boot begins anew.
func (w *world) reboot(away time.Duration) {
	w.t.Helper()
	w.stop()
	w.store, w.boot = newStore(), w.boot+"x"
	w.kernel.mu.Lock()
	clear(w.kernel.links)
	w.kernel.mu.Unlock()
	time.Sleep(away)
	w.clock = newClock()
	if err := w.start(); err != nil {
		w.t.Error(err)
	}
	w.rest()
	w.server.since()
	w.kernel.since()
}

// written is the time after which a memo is on disk.
const written = 2 * time.Second

// After a reboot each container asks for the address it had.
func TestRebootByInitReboot(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.reboot(5 * time.Minute)
		w.wantHeard()
		w.container(9)
		w.acquire(req)
		w.wantHeard("REQUEST packet")
		w.pass(10 * time.Minute)
		w.wantHeard()
		w.wantState("BOUND")
	})
}

// What nobody comes back for is given back.
func TestRebootGivesBackWhatNobodyWants(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.under("20s", 9))
		held := w.under("20s", 10)
		w.acquire(held)
		w.goes(held) // and the host goes down within its grace
		w.reboot(time.Minute)
		w.pass(119 * time.Second)
		w.wantHeard()
		w.pass(2 * time.Second)
		got := w.server.since()
		if len(got) != 2 || got[0] == got[1] {
			t.Errorf("the server heard %q, want two RELEASEs", got)
		}
		w.wantNothingLeft()
	})
}

// Twice in a row, before anything was given back.
func TestRebootTwice(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.reboot(time.Minute)
		w.reboot(time.Minute)
		w.container(9)
		w.acquire(req)
		w.wantHeard("REQUEST packet")
	})
}

// The power was cut, and the router needs longer than the host: the containers
// start on the addresses they had, for as long as they may (RFC 2131 §3.2).
func TestRebootBeforeTheRouter(t *testing.T) {
	for name, c := range map[string]struct {
		away time.Duration
		ok   bool
	}{
		"lease not over": {50 * time.Minute, true}, "lease over": {61 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.under("20s", 9)
				w.acquire(req)
				w.reboot(c.away)
				w.server.set(silent)
				w.container(9)
				l, _, err := w.m.Acquire(context.Background(), req)
				if ok := err == nil && l.Address.String() == "192.0.2.9/24"; ok != c.ok {
					t.Fatalf("Acquire: %+v, %v", l, err)
				}
				w.rest()
				if !c.ok {
					return
				}
				w.wantState("REBINDING")
				w.pass(11 * time.Minute) // it is over, and no server has come
				w.wantState("SELECTING")
				w.server.set(grant(time.Hour))
				w.pass(time.Minute + 5*time.Second)
				w.wantState("BOUND")
			})
		})
	}
}

// The wall clock of a host without a battery: it may be anywhere after a boot. What
// is left of a lease is not known then, and no address is used without a server.
func TestRebootWithTheClockGoneBack(t *testing.T) {
	inWorld(t, func(w *world) {
		req := w.under("20s", 9)
		w.acquire(req)
		w.stop()
		w.memoChange(func(r *record.Memo) {
			r.Written, r.Expires = r.Written.AddDate(1, 0, 0), r.Expires.AddDate(1, 0, 0)
		})
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
		w.reboot(time.Minute)
		w.container(9)
		w.server.set(silent)
		if l, _, err := w.m.Acquire(context.Background(), req); err == nil {
			t.Errorf("bound %+v", l)
		}
		if w.server.since()[0] != "REQUEST packet" {
			t.Error("not asked for by INIT-REBOOT")
		}
	})
}

func (w *world) memoChange(f func(r *record.Memo)) {
	w.t.Helper()
	for key, b := range w.memory.records {
		var r record.Memo
		if err := json.Unmarshal(b, &r); err != nil {
			w.t.Fatal(err)
		}
		f(&r)
		w.memory.records[key], _ = json.Marshal(r)
	}
}

// A record that is lost or spoilt costs nothing where the memo is there.
func TestRecordLostMemoThere(t *testing.T) {
	for name, lose := range map[string]func(w *world){
		"lost":   func(w *world) { clear(w.store.records) },
		"spoilt": func(w *world) { w.store.newer() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				req := w.under("20s", 9)
				w.acquire(req)
				_ = w.restart(func() { lose(w) })
				w.wantHeard()
				w.wantCalls()
				w.wantState("BOUND")
				w.pass(31 * time.Minute)
				w.wantHeard("REQUEST unicast")
				w.wantState("BOUND")
			})
		})
	}
}

// A refused or expired lease is not asked for again after a reboot.
func TestMemoryForgetsWhatIsOver(t *testing.T) {
	for name, f := range map[string]func(w *world){
		"refused": func(w *world) { w.server.set(refuse); w.pass(31 * time.Minute) },
		"expired": func(w *world) { w.server.set(silent); w.pass(61 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.acquire(w.under("20s", 9))
				w.pass(written)
				if w.memory.len() != 1 {
					t.Fatal("not remembered")
				}
				f(w)
				if w.memory.len() != 0 {
					t.Error("still remembered")
				}
			})
		})
	}
}

// A disk that fails costs the memory, not the lease, and is told once.
func TestMemoryCannotBeWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.memory.fail = errDisk
		req := w.under("20s", 9)
		w.acquire(req)
		w.acquire(w.under("20s", 10))
		w.pass(24 * time.Hour)
		if n := w.log.count("write the lease memory"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		w.memory.mu.Lock()
		w.memory.fail = nil
		w.memory.mu.Unlock()
		w.pass(time.Hour)
		if w.memory.len() != 2 || !w.log.has("can be written again") {
			t.Errorf("%d memos", w.memory.len())
		}
	})
}

// A slow disk delays nobody.
func TestMemoryIsSlow(t *testing.T) {
	inWorld(t, func(w *world) {
		w.memory.hold = make(chan struct{})
		w.acquire(w.under("20s", 9))
		w.pass(written) // or it would be, by another disk
		begin := time.Now()
		w.acquire(w.under("20s", 10))
		if d := time.Since(begin); d > 0 {
			t.Errorf("took %s", d)
		}
		close(w.memory.hold)
	})
}

// FuzzRecall: whatever is in the memory, leased starts, and goes on.
func FuzzRecall(f *testing.F) {
	f.Add(`{"version":1,"bootId":"boot-0","cookie":1009,"lease":{"Addr":"192.0.2.9/24","Server":"192.0.2.1","Expiry":1},"written":"2026-01-01T00:00:00Z"}`)
	f.Add(`{"version":1,"bootId":"boot-1","cookie":1009,"lease":{"Addr":"2001:db8::1/64","Server":"::1"},"expires":"2026-01-01T00:00:00Z"}`)
	f.Add(`{"version":1,"bootId":"boot-0","waiting":true,"held":true,"until":-1,"lease":{"Addr":"192.0.2.9/24","Server":"192.0.2.1"},"expires":"9999-01-01T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, b string) {
		inBubble(t, func(w *world) {
			req := w.under("20s", 9)
			w.acquire(req)
			_ = w.restart(func() {
				clear(w.store.records)
				for client, memo := range w.memory.records {
					w.memory.records[client] = overlay(memo, []byte(b))
				}
			})
			w.pass(time.Second)
			if _, _, err := w.m.Acquire(context.Background(), req); err != nil {
				t.Error(err)
			}
			w.pass(2 * time.Hour)
			for _, s := range listed(w.m) {
				if s.Attachment == req.Attachment && s.State != "BOUND" {
					t.Errorf("%+v", s)
				}
			}
		})
	})
}

// A leased that was killed before a memo was written: the next one writes it.
func TestMemoIsMadeGood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.under("20s", 9))
		held := w.under("10m", 10)
		w.acquire(held)
		w.goes(held)
		_ = w.restart(func() { clear(w.memory.records) })
		w.pass(written)
		if n := w.memory.len(); n != 2 {
			t.Errorf("%d memos, want 2", n)
		}
		w.reboot(time.Minute)
		w.container(9)
		w.acquire(w.under("20s", 9))
		w.wantHeard("REQUEST packet")
	})
}

// A record from a time that is yet to come is not waited for.
func TestClockBeforeTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.under("20s", 9))
		_ = w.restart(func() {
			w.store.change(func(r *record.Record) {
				for _, at := range []*clock.Instant{&r.Lease.Start, &r.Lease.T1, &r.Lease.T2, &r.Lease.Expiry} {
					*at = at.Add(1000 * time.Hour)
				}
			})
		})
		w.pass(time.Second)
		w.wantHeard("REQUEST packet")
		w.wantState("BOUND")
		if l := listed(w.m)[0].Lease; *l.Expire > 3600 {
			t.Errorf("it has %d s left", *l.Expire)
		}
	})
}

// Within one boot the wall clock has no say, wherever it jumps.
func TestWallClockJumpsForward(t *testing.T) {
	inWorld(t, func(w *world) {
		w.acquire(w.under("20s", 9))
		_ = w.restart(func() {
			clear(w.store.records)
			w.memoChange(func(r *record.Memo) { r.Written, r.Expires = r.Written.AddDate(-1, 0, 0), r.Expires.AddDate(-1, 0, 0) })
		})
		w.wantHeard()
		w.wantCalls()
		w.wantState("BOUND")
	})
}
