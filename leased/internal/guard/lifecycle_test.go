// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

// kill ends a guard as SIGKILL would.
func (g *Guard) kill() {
	g.conn.Close()
	g.conn = nil
}

// guarded checks what passes a port.
func (r *room) guarded(link testlan.Link) {
	r.t.Helper()
	r.expect(link, good(link.MAC), true)
	r.expect(link, bad(link.MAC), false)
}

func (r *room) nft(args string) error {
	r.t.Helper()
	r.rules() // skips without nft
	return exec.Command("nsenter", "--net="+r.Host.Path, "sh", "-c", "nft "+args).Run()
}

func TestFlushIsRefused(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	r.must(r.guard.Allow(used(link, own)))
	if !r.guard.owned {
		t.Skip("needs Linux 6.9")
	}
	r.must(r.nft("flush ruleset"))
	for _, change := range []string{"delete table netdev leased", "flush chain netdev leased guard", "add table netdev leased '{ flags dormant; }'"} {
		if r.nft(change) == nil {
			t.Errorf("nft %s is done", change)
		}
	}
	r.guarded(link)
}

// A kernel before 6.9 knows no owner who leaves the table.
func TestFlushIsPutBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.guard.flags = 0
	link := r.add()
	r.must(r.guard.Allow(used(link, own)))
	for _, change := range []string{"flush ruleset", "delete table netdev leased", "delete chain netdev leased " + r.guard.ports[link.Peer].chain()} {
		r.must(r.nft(change))
		r.must(r.guard.Allow(used(link, own))) // as a renewal does
		r.guarded(link)
	}
	if !strings.Contains(r.log.String(), "made again") {
		t.Errorf("the log does not say so: %s", r.log.String())
	}
	r.must(r.nft("flush ruleset"))
	fresh := r.add() // makes the rules of both again
	r.must(r.guard.Allow(used(fresh, own)))
	r.guarded(fresh)
	r.guarded(link)
}

func TestRestartTakesOver(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link, gone := r.add(), r.add()
	r.must(r.guard.Allow(used(link, own)))
	r.guard.kill()
	r.expect(link, bad(link.MAC), false)
	r.must(r.nft("flush chain netdev leased guard")) // nobody owns the table now
	gone.Delete()
	r.guard = r.another()
	ports := []Use{used(link, own), used(gone, netip.Addr{})}
	r.must(r.guard.Restore(ports))
	r.guarded(link)
	if r.guard.owned == (r.nft("flush chain netdev leased guard") == nil) {
		t.Errorf("owned is %v, and another program can say otherwise", r.guard.owned)
	}
	if n := strings.Count(r.rules(), `device "v`); n != 1 {
		t.Errorf("%d ports in:\n%s", n, r.rules())
	}
	second := r.another()
	if err := second.Add(link.Peer, r.index(link.Peer), link.MAC); r.guard.owned && !errors.Is(err, unix.EPERM) {
		t.Errorf("a second leased: %v", err)
	}
}

// An earlier version gave the port another name.
func TestRestartFindsThePortsFormerName(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	r.must(r.guard.Allow(used(link, own)))
	r.guard.kill()
	r.guard = r.another()
	u := used(link, own)
	u.Was, u.Port = u.Port, "vethnd000000000"
	r.must(r.guard.Restore([]Use{u}))
	r.guarded(link)
	r.must(r.guard.Allow(Use{Netns: u.Netns, MAC: u.MAC, Port: u.Port, Addr: own}))
	r.guarded(link)
}

func TestRulesGoWithThePort(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link, stays := r.add(), r.add()
	r.must(r.guard.Allow(used(link, own)))
	r.guard.End(used(link, netip.Addr{}))
	r.expect(link, bad(link.MAC), false) // a link that is there is guarded
	link.Delete()
	r.guard.Sweep()
	have := r.rules()
	if strings.Contains(have, link.MAC.String()) || strings.Contains(have, own.String()) || strings.Count(have, `device "v`) != 1 {
		t.Errorf("rules are left:\n%s", have)
	}
	r.expect(stays, bad(stays.MAC), false)
	stays.Delete()
	r.guard.End(used(stays, netip.Addr{}))
	r.must(r.guard.Close())
	if have := r.rules(); have != "" {
		t.Errorf("a table is left:\n%s", have)
	}
}

func TestNothingIsLeftOfAKilledLeased(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	r.guard.kill()
	link.Delete()
	r.must(r.another().Restore([]Use{used(link, netip.Addr{})}))
	if have := r.rules(); have != "" {
		t.Errorf("a table is left:\n%s", have)
	}
}

// A new link has the name that an earlier one had, such as after a restart of the container.
func TestTheNameIsUsedAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	link.Delete()
	next := r.Veth(r.Container(), "eth0")
	r.Host.Run("ip", "link", "set", next.Peer, "down")
	r.Host.Run("ip", "link", "set", next.Peer, "name", link.Peer)
	r.Host.Run("ip", "link", "set", link.Peer, "up")
	next.Peer = link.Peer
	next.Set("up") // waits for the carrier

	r.expect(next, map[string][]byte{"OFFER": bad(next.MAC)["OFFER"]}, true) // not guarded yet
	r.must(r.guard.Add(next.Peer, r.index(next.Peer), next.MAC))
	r.must(r.guard.Allow(used(next, own)))
	r.guarded(next)
}

func TestKernelWithoutNftables(t *testing.T) {
	t.Parallel()
	for _, errno := range []unix.Errno{unix.EPROTONOSUPPORT, unix.EOPNOTSUPP, unix.ENOENT, unix.EAFNOSUPPORT} {
		var log strings.Builder
		g := New(nil, slog.New(slog.NewTextHandler(&log, nil)))
		g.open = func(*netns.NS) (*rtnetlink.Conn, error) { return nil, fmt.Errorf("open netfilter socket: %w", errno) }
		for range 2 {
			if err := errors.Join(g.Add("v1", 1, another), g.Allow(Use{Netns: 1, Port: "v1", Addr: own})); err != nil {
				t.Error(err)
			}
		}
		g.End(Use{Netns: 1, Port: "v1"})
		if n := strings.Count(log.String(), "\n"); n != 1 || g.Close() != nil {
			t.Errorf("%d lines in the log: %s", n, log.String())
		}
	}
	g := New(nil, slog.New(slog.DiscardHandler))
	g.open = func(*netns.NS) (*rtnetlink.Conn, error) { return nil, unix.EPERM }
	if err := g.Add("v1", 1, another); !errors.Is(err, unix.EPERM) {
		t.Errorf("not permitted, but %v", err)
	}
}
