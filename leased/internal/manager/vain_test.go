// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
	"podman-net-dhcp/leased/internal/dhcp6"
	"podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// inVain is a start that fails. The error and the log name the container's MAC, which is what
// the operator of a server that knows its clients has to be told.
func (w *world) inVain(req leaseapi.AcquireRequest, want ...string) {
	w.t.Helper()
	l, _, err := w.m.Acquire(context.Background(), req)
	w.noLease(l, err, append(want, " container asked as "+req.Link.MAC, "journalctl -u leased")...)
	if !w.log.has(`msg="no lease in time" container=` + req.Attachment.ContainerName + " net=lan ifname=eth0 mac=" + req.Link.MAC + " reason=") {
		w.t.Error("not logged")
	}
	w.wantNothingLeft()
}

// offering makes an OFFER of those options, and of option 54.
func offering(opts ...[]byte) answer {
	return func(m message) []dt.Server {
		if m.kind != dhcp4.Discover {
			return nil
		}
		return []dt.Server{{XID: xid(m), MAC: m.ClientHWAddr, Your: nine, Options: append([][]byte{dt.OptAddr(54, "192.0.2.7")}, opts...)}}
	}
}

// A server that has answered is named, with the reason why its answer was of no use.
func TestWhyAnAnswerWasOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   []string
	}{
		"no type":  {offering(), []string{"192.0.2.1 answered, but: not a DHCP server's OFFER, ACK or NAK"}},
		"bad mask": {offering(dt.Opt(53, 2), dt.Opt(1, 255, 0, 255, 0)), []string{"192.0.2.7 answered, but: OFFER ignored: subnet mask is not contiguous"}},
		"another's client identifier": {
			offering(dt.Opt(53, 2), dt.Opt(61, 1, 9)),
			[]string{"192.0.2.7 answered, but: OFFER ignored: client identifier is not ours (address 192.0.2.9, server 192.0.2.7)"},
		},
		"NAK of no REQUEST": {refuse, []string{"192.0.2.1 answered, but: NAK ignored: it answers no message of ours"}},
		"ACK of no REQUEST": {offering(dt.Opt(53, 5), dt.OptTime(51, 60)), []string{"192.0.2.7 answered, but: ACK ignored: it answers no message of ours"}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.server.set(c.answer)
				w.inVain(w.container(9), c.want...)
			})
		})
	}
}

// The addresses of the pool were found in use by another container's start.
func TestAddressesThatWereFoundInUse(t *testing.T) {
	inWorld(t, func(w *world) {
		w.owned(nine)
		w.server.set(func(m message) []dt.Server { return give(m, nine, time.Hour) })
		for i := range 2 {
			l, _, err := w.m.Acquire(context.Background(), w.checked("quick", i+9))
			w.noLease(l, err, "no lease on br0 within 10s: ", "address is in use by another host", nine.String())
			if text := err.Error(); strings.Contains(text, "no DHCP server answered") {
				t.Errorf("start %d: %s", i, text)
			}
		}
		if n := w.log.count("192.0.2.9 was found in use a moment ago"); n == 0 {
			t.Error("not logged for the second one")
		}
	})
}

// There have been too many DECLINEs: the address that is in use is the reason all the same.
func TestTooManyDeclines(t *testing.T) {
	inWorld(t, func(w *world) {
		w.claimed(func(i int) net.HardwareAddr { return net.HardwareAddr{2, 0xee, 0, 0, 0, byte(i)} })
		w.server.set(nextAfterDecline(nine))
		for i := range 30 {
			l, _, err := w.m.Acquire(context.Background(), w.checked("quick", i+9))
			w.noLease(l, err, "in use by another host")
		}
		if w.log.count("there were too many DECLINEs of late") == 0 {
			t.Error("there were not")
		}
	})
}

// A server that knows its clients, or is out of addresses, serves others.
func TestServerThatServesOthers(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.container(9)
		w.acquire(first)
		w.server.set(silent)
		l, _, err := w.m.Acquire(context.Background(), w.container(10))
		w.noLease(l, err, "no DHCP server answered on br0 within 10s, but one has answered others there less than 30s ago; has it free addresses")
		w.release(first.Attachment)
		w.pass(time.Minute)
		w.inVain(w.container(11), "no DHCP server answered on br0 within 10s; is there one on that LAN, and is the uplink up and in the bridge?")
	})
}

// A NAK's text may have thousands of bytes; an error has not.
func TestWordsOfAServerAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		long := dt.OptText(56, strings.Repeat("é", 127))
		w.server.set(func(m message) []dt.Server {
			if m.kind != dhcp4.Request {
				return give(m, nine, time.Hour)
			}
			r := refuse(m)[0]
			r.Options = [][]byte{dt.Opt(53, 6), dt.OptAddr(54, router.String()), long, long, long, long}
			return []dt.Server{r}
		})
		_, _, err := w.m.Acquire(context.Background(), w.container(9))
		if err == nil || len(err.Error()) > 700 || !strings.Contains(err.Error(), "192.0.2.1 answered, but: server refused the address") {
			t.Errorf("%v", err)
		}
	})
}

// A container that goes on without a lease is named in the log, too, and leased ls shows it.
func TestMACWhileTrying(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.set(silent)
		req := w.container(9)
		req.Policy.OnTimeout = "continue"
		if l, _, err := w.m.Acquire(context.Background(), req); l != nil || err != nil {
			t.Fatalf("%v, %v", l, err)
		}
		if s := w.shown(); s.State != "SELECTING" || s.Link.MAC != req.Link.MAC {
			t.Errorf("%+v", s)
		}
		if !w.log.has("mac=" + req.Link.MAC + ` reason="no DHCP server answered on br0 within 10s`) {
			t.Error("not logged")
		}
	})
}

// With ipv6=only a start waits for routers and DHCPv6 servers, and their answers are named.
func TestWhyThereIsNoIPv6(t *testing.T) {
	noAddrs := func(typ dhcp6.Type) []byte {
		if typ != dhcp6.Solicit {
			return nil
		}
		return dhcp6test.OptStatus(2, "pool is empty")
	}
	for name, c := range map[string]struct {
		router *router6
		with   func(s *server6)
		want   string
	}{
		"no router":  {nil, nil, "no router gave an IPv6 address on br0 within 10s; is there one on that LAN?"},
		"no prefix":  {&router6{}, nil, "a router answered, but it announces no prefix for addresses and no DHCPv6 server"},
		"no server":  {&router6{managed: true}, func(s *server6) { s.mute = true }, "a router says that there is a DHCPv6 server, but none has answered"},
		"empty pool": {&router6{managed: true}, func(s *server6) { s.elsehow = noAddrs }, ` answered, but: ADVERTISE ignored: status 2: "pool is empty"`},
		"malformed":  {&router6{managed: true}, func(s *server6) { s.elsehow = func(dhcp6.Type) []byte { return []byte{0, 13, 0xff, 0xff} } }, " answered, but: read options of ADVERTISE"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.kernel.six.router = c.router
				req := w.container6(1, "only")
				if c.with != nil {
					w.kernel.six.server.with(c.with)
				}
				w.inVain(req, c.want)
			})
		})
	}
}
