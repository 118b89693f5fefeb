// SPDX-License-Identifier: Apache-2.0

// Package shim keeps the host's own macvlan on a parent, beside step 5 of the way of a lease.
// Linux keeps an interface and its macvlans apart, but macvlans of one parent reach each other.
// So the host gets one, with an address and with a route to each container on the parent.
package shim

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"podman-net-dhcp/internal/netns"
)

// Use is a container that the host is to reach, or the lease of a shim. The zero Use is none.
type Use struct {
	Host  string     // the parent
	Own   netip.Addr // the shim's address; IPv4, invalid: that of its lease
	Addr  netip.Addr // the container's, or the lease's; IPv4
	Lease bool       // it is the shim's lease
}

// Keeper makes the shims that are in use, keeps them as they are, and removes the others. A shim
// is there from the first container of a parent to the last one.
type Keeper struct {
	Leases Leaser // set before Run

	log   *slog.Logger
	ns    *netns.NS     // the host's; nil: leased's own
	news  chan struct{} // uses have changed
	heard chan struct{} // something has happened to a shim or its parent
	said  string        // the trouble that the log has said last

	made  map[string]int // the shims that there may be: the ifindex by the name; 0: not known
	swept bool           // those of an earlier leased are in made
	ears  *ears          // nil: there is nothing to listen for

	own  map[string]*own // the clients of the shims' leases, by parent
	knew map[string]bool // of these: the address was known

	mu   sync.Mutex
	uses map[string]Use // by the attachment's key
}

// New returns a Keeper in ns, or in the caller's namespace if ns is nil.
func New(ns *netns.NS, log *slog.Logger) *Keeper {
	return &Keeper{
		log: log, ns: ns, news: make(chan struct{}, 1), heard: make(chan struct{}, 1),
		made: map[string]int{}, own: map[string]*own{}, knew: map[string]bool{}, uses: map[string]Use{},
	}
}

// Tell tells what an attachment uses at present. It does not wait.
func (k *Keeper) Tell(key string, u Use) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.uses[key] == u {
		return
	}
	if k.uses[key] = u; u == (Use{}) {
		delete(k.uses, key)
	}
	wake(k.news)
}

// used returns the containers, in an order that lasts, and the leases by parent.
func (k *Keeper) used() (all []Use, leases map[string]netip.Addr) {
	k.mu.Lock()
	defer k.mu.Unlock()
	leases = map[string]netip.Addr{}
	for _, key := range slices.Sorted(maps.Keys(k.uses)) {
		if u := k.uses[key]; u.Lease {
			leases[u.Host] = u.Addr
		} else {
			all = append(all, u)
		}
	}
	return all, leases
}

// Run keeps the shims until ctx ends. They stay then, for the next leased. What an earlier leased
// has left and nobody uses is removed first.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.rest()
	var p pace
	heard := false
	for {
		changed, err := k.keep(ctx)
		if k.say(err); heard && changed && err == nil {
			k.log.Info("shim mended: something on the host had changed it, or its routes")
		}
		pause := p.next(time.Now(), err != nil || heard && changed)
		heard = false
		select {
		case <-ctx.Done():
			return nil
		case <-k.news:
			continue
		case <-time.After(pause):
		}
		if err != nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-k.news:
		case <-k.heard:
			heard = true
		}
	}
}

// say logs a trouble once.
func (k *Keeper) say(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != k.said && err != nil {
		k.log.Warn("the host does not reach its macvlan containers", "err", err)
	}
	k.said = text
}

// pace has the work wait that failed, and the work that another program undoes again and again.
type pace struct {
	tries int
	last  time.Time
}

const (
	gather  = 20 * time.Millisecond // one command makes several messages
	longest = 11                    // doublings: 41 s
	calm    = time.Minute
)

// next is how long to wait after a work.
func (p *pace) next(now time.Time, again bool) time.Duration {
	switch {
	case again && now.Sub(p.last) > calm:
		p.tries, p.last = 1, now
	case again:
		p.tries, p.last = min(p.tries+1, longest), now
	case now.Sub(p.last) > calm:
		p.tries = 0
	}
	return gather << p.tries
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
