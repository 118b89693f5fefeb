// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// grave is a container that is gone.
type grave struct {
	*container
	until time.Time // when its lease, which may be held until then, must be gone
}

// world is what there ought to be.
type world struct {
	live []*container
	// empty are containers whose start failed: their namespaces are there, and no link of ours
	// is in them.
	empty []*container
	// abandoned are containers whose caller was killed, nobody knows when: each is like a live
	// one, if leased had answered, or like an empty one.
	abandoned []*container
	graves    []grave
	// lost are the MACs of clients for whom the server may have a lease that leased
	// never got to know of: nobody can give that back, and it runs out.
	lost map[string]bool
}

// wrongs is a list of what is not as it ought to be.
type wrongs []string

func (w *wrongs) add(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// check compares what the four say with what ought to be.
func (w world) check(f facts) (bad wrongs) {
	w = w.decided(f)
	for _, c := range w.empty {
		if k := f.kernel[c.at.ContainerID]; k.links != 0 {
			bad.add("%s: %d links with the addresses %q, want none", c.at.ContainerID, k.links, k.addrs)
		}
	}
	for _, c := range w.live {
		w.alike(c, f, &bad)
	}
	w.unique(f, &bad)
	w.dead(f, &bad)
	w.leftovers(f, &bad)
	if len(f.parts) > 0 {
		bad.add("left in the directories: %q", f.parts)
	}
	w.hostEnds(f, &bad)
	return bad
}

// there are all containers that have a namespace.
func (w world) there() []*container { return slices.Concat(w.live, w.empty, w.abandoned) }

// decided takes the abandoned containers for live or for empty ones, by their links.
func (w world) decided(f facts) world {
	w.live, w.empty = slices.Clip(w.live), slices.Clip(w.empty)
	for _, c := range w.abandoned {
		if f.kernel[c.at.ContainerID].links > 0 {
			w.live = append(w.live, c)
		} else {
			w.empty = append(w.empty, c)
		}
	}
	w.abandoned = nil
	return w
}

// hostEnds is about the host's links: a port of the bridge for each live container that wants
// one, and nothing else.
func (w world) hostEnds(f facts, bad *wrongs) {
	ports := 0
	for _, c := range w.live {
		if c.options["bridge"] != "" {
			ports++
		}
	}
	if f.ports != ports {
		bad.add("%d ports on the bridge, want %d", f.ports, ports)
	}
	if len(f.strays) > 0 {
		bad.add("left on the host: the links %q", f.strays)
	}
}

// alike is about one that is there: all four say the same of it, once.
func (w world) alike(c *container, f facts, bad *wrongs) {
	id, k := c.at.ContainerID, f.kernel[c.at.ContainerID]
	given := f.server[c.mac]
	if len(given) != 1 {
		bad.add("%s: the server has %q for %s, want one", id, given, c.mac)
		return
	}
	addr := given[0] + "/24"
	if !slices.Equal(k.addrs, []string{addr}) {
		bad.add("%s: the server says %s, the kernel %q", id, addr, k.addrs)
	}
	if k.links != 1 {
		bad.add("%s: %d links", id, k.links)
	}
	if !slices.Equal(k.routes, []string{"0.0.0.0/0 via 192.0.2.1"}) {
		bad.add("%s: routes %q", id, k.routes)
	}
	listed, written := 0, 0
	for _, s := range f.list {
		if s.Attachment == c.at {
			listed++
			if s.Lease == nil || s.Lease.Address.String() != addr || !slices.Contains([]string{"BOUND", "RENEWING", "REBINDING"}, s.State) {
				bad.add("%s: the server says %s, leased %s %+v", id, addr, s.State, s.Lease)
			}
		}
	}
	for _, r := range f.records {
		if r.Request.Attachment == c.at {
			written++
			if r.Held || r.Waiting || r.Bound.Addr.String() != addr || r.Lease.Addr.String() != addr {
				bad.add("%s: the server says %s, the record %+v", id, addr, r)
			}
		}
	}
	if listed != 1 || written != 1 {
		bad.add("%s: listed %d times, recorded %d times", id, listed, written)
	}
}

// unique is the one thing that no moment excuses.
func (w world) unique(f facts, bad *wrongs) {
	has := map[string]string{}
	for id, k := range f.kernel {
		for _, addr := range k.addrs {
			if other := has[addr]; other != "" {
				bad.add("%s and %s both have %s", other, id, addr)
			}
			has[addr] = id
		}
	}
}

// dead is about what leased has of containers that are gone.
func (w world) dead(f facts, bad *wrongs) {
	for _, s := range f.list {
		if id := s.Attachment.ContainerID; !w.lives(id) && (s.State != "HELD" || !w.mayHold(id)) {
			bad.add("leased lists %s, which is gone: %s", id, s.State)
		}
	}
	for _, r := range f.records {
		id := r.Request.Attachment.ContainerID
		if !w.lives(id) && (!r.Held || !w.mayHold(id)) {
			bad.add("the record %s is of %q, which is gone: held %v", r.file, id, r.Held)
		}
		if r.Making || !r.Lease.Addr.IsValid() {
			bad.add("the record %s of %q is an intention still: making %v, lease %v", r.file, id, r.Making, r.Lease.Addr)
		}
	}
	// A memo that a kill has cost is written again at the next renewal.
	if n := len(f.list); f.memos > n {
		bad.add("%d memos of %d attachments", f.memos, n)
	}
}

// leftovers is about what the server has: somebody's, or held, or lost.
func (w world) leftovers(f facts, bad *wrongs) {
	for mac, addrs := range f.server {
		theirs := slices.ContainsFunc(w.live, func(c *container) bool { return c.mac == mac })
		held := slices.ContainsFunc(f.records, func(r record) bool { return r.Held && strings.EqualFold(r.Request.Link.MAC, mac) })
		if !theirs && !held && !w.lost[mac] {
			bad.add("the server has %q for %s, which nobody has", addrs, mac)
		}
	}
}

func (w world) lives(id string) bool {
	return slices.ContainsFunc(w.live, func(c *container) bool { return c.at.ContainerID == id })
}

func (w world) mayHold(id string) bool {
	return slices.ContainsFunc(w.graves, func(g grave) bool { return g.at.ContainerID == id && time.Now().Before(g.until) })
}

// settle waits until all is as it ought to be, with a leased that runs.
func (h *host) settle(w world) {
	h.t.Helper()
	h.settleWithin(patience, w)
}

func (h *host) settleWithin(limit time.Duration, w world) {
	h.t.Helper()
	var bad wrongs
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if bad = w.check(h.look(w.there())); len(bad) == 0 {
			return
		}
	}
	h.t.Fatalf("not within %s as it ought to be:\n%s", limit, strings.Join(bad, "\n"))
}
