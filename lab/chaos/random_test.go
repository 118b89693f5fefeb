// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	rounds = flag.Int("rounds", 25, "rounds of TestRandomKills")
	seed   = flag.Uint64("seed", 0, "of TestRandomKills; 0: another one each time")
)

const (
	names     = 6  // of containers
	maxWrecks = 3  // kills of leased in a round
	maxDelay  = 50 // ms from leased's being ready to its death
)

var releases = []string{"now", "1s", "20s"}

// gamble is a run of TestRandomKills.
type gamble struct {
	*host
	*rand.Rand
	world
	at map[string]*container // by name; those that are there
}

// Whatever happens to containers while leased dies again and again: when it is quiet
// the server, the kernel, leased and its disk agree.
func TestRandomKills(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("again: go test ./lab/chaos -run TestRandomKills -rounds %d -seed %d", *rounds, *seed)
	g := &gamble{
		host: newHost(t, build(t), renewing...),
		Rand: rand.New(rand.NewPCG(*seed, 0)), world: world{lost: map[string]bool{}}, at: map[string]*container{},
	}
	for n := range *rounds {
		g.story.restart("round %d of seed %d", n+1, *seed)
		g.round()
		if t.Failed() {
			return
		}
	}
	g.farewell()
}

// round has some containers do something while leased is killed, and looks at
// what has come of it.
func (g *gamble) round() {
	d := g.start(g.failpoint())
	acts := g.acts()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		for _, a := range acts {
			all.Go(a.wait)
		}
		all.Wait()
	}()
	for range g.IntN(maxWrecks + 1) {
		d = g.wreck(d)
	}
	d = g.last(d, ended)
	for _, a := range acts {
		g.account(a)
	}
	g.settle(g.world)
	g.tidy()
	d.kill()
}

// tidy ends the containers whose start failed, as their runtimes do.
func (g *gamble) tidy() {
	for _, c := range slices.Concat(g.empty, g.abandoned) {
		c.remove()
		g.bury(c)
	}
	g.empty, g.abandoned = nil, nil
}

// failpoint is one that leased is to end at, more often than not none.
func (g *gamble) failpoint() string {
	all := points()
	if n := g.IntN(2 * len(all)); n < len(all) {
		return fmt.Sprintf("%s:%d", all[n], 1+g.IntN(3))
	}
	return ""
}

// wreck kills a leased some time after it has begun to serve, and starts another.
func (g *gamble) wreck(d *daemon) *daemon {
	delay := time.Duration(g.IntN(maxDelay*1000)) * time.Microsecond
	failpoint := g.failpoint()
	if g.story.wait(d.mark, d.ended, "leased: ", "msg=serving") {
		select {
		case <-d.ended:
		case <-time.After(delay): // at random is the point
		}
	}
	d.kill()
	return g.start(failpoint)
}

// last is the leased that stays when all callers have ended. One that ends at a
// failpoint on the way is started again without.
func (g *gamble) last(d *daemon, ended <-chan struct{}) *daemon {
	for {
		select {
		case <-d.ended:
			d = g.start("")
			continue
		case <-ended:
		}
		d.kill() // its failpoint may be yet to come
		return g.run()
	}
}

// farewell takes all containers away at once, and waits until nothing is held.
func (g *gamble) farewell() {
	g.story.restart("the end")
	g.run()
	for _, c := range g.live {
		c.remove()
	}
	for _, c := range g.live {
		g.bury(c)
	}
	g.live = nil
	g.settle(g.world)
	g.settleWithin(time.Minute, world{lost: g.lost})
}
