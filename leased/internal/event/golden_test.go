// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"podman-net-dhcp/leased/internal/event"
)

// word is a state or a message's type.
type word string

func (w word) String() string { return string(w) }

var (
	addr   = netip.MustParseAddr("192.0.2.9")
	server = netip.MustParseAddr("192.0.2.1")
	addr6  = netip.MustParseAddr("2001:db8::9")
	router = netip.MustParseAddr("fe80::1")
	mac    = net.HardwareAddr{2, 0, 0, 0, 0, 0xee}
	errNet = errors.New("network is down")
	none   netip.Addr
)

// golden has each event's line, after the attachment. People and their tools read
// these lines: a changed line belongs into CHANGELOG.
var golden = []struct {
	event event.Event
	level string
	line  string
}{
	{event.State{Family: event.IPv4, State: word("BOUND"), From: word("REQUESTING")}, "INFO", `msg=state WHO state=BOUND from=REQUESTING`},
	{event.State{Family: event.IPv6, State: word("BOUND"), From: word("SOLICITING")}, "INFO", `msg="IPv6 state" WHO state=BOUND from=SOLICITING`},
	{event.Bound{Addr: netip.PrefixFrom(addr, 24), Server: server}, "INFO", `msg=bound WHO addr=192.0.2.9/24 server=192.0.2.1`},
	{event.Unbound{Family: event.IPv4, Reason: "lease expired"}, "INFO", `msg=unbind WHO reason="lease expired"`},
	{event.Unbound{Family: event.IPv6, Reason: "replaced"}, "INFO", `msg="IPv6 unbind" WHO reason=replaced`},
	{event.Changed{What: "dns", Was: []netip.Addr{server}, Is: []netip.Addr(nil)}, "INFO", `msg="lease changed" WHO what=dns was=[192.0.2.1] is=[]`},
	{event.Changed{What: "mtu", Was: 0, Is: 1400}, "INFO", `msg="lease changed" WHO what=mtu was=0 is=1400`},
	{event.Changed{What: "lease time", Was: "1h0m0s", Is: "infinite"}, "INFO", `msg="lease changed" WHO what="lease time" was=1h0m0s is=infinite`},
	{event.Changed{What: "server", Was: server, Is: addr}, "INFO", `msg="lease changed" WHO what=server was=192.0.2.1 is=192.0.2.9`},
	{event.Changed{What: "IPv6 gateway", Was: router, Is: none}, "INFO", `msg="lease changed" WHO what="IPv6 gateway" was=fe80::1 is=""`},
	{event.Proxy{MAC: mac}, "WARN", `msg="a machine claims every address; its claims do not count" WHO mac=02:00:00:00:00:ee`},
	{event.Proxy{MAC: mac, Server: true}, "WARN", `msg="the DHCP server's or the router's machine claims an address that was given out; its claims do not count" WHO mac=02:00:00:00:00:ee`},
	{event.Discounted{Addr: netip.MustParseAddr("192.0.2.9"), MAC: mac}, "INFO", `msg="address is said to be in use by a machine whose claims do not count" WHO addr=192.0.2.9 mac=02:00:00:00:00:ee`},
	{event.OutOfReach{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}, On: "nic0"}, "WARN", `msg="the lease names this host, which a macvlan on the host's interface cannot reach" WHO addr=[192.0.2.2] on=nic0 remedy="create the network with -o shim=dhcp, or with -o shim=ADDRESS, an address for the host that is not in the DHCP server's pool; or put nic0 into a bridge and use -o bridge="`},
	{event.Twin{MAC: mac, Port: "nic1"}, "WARN", `msg="another machine has the container's MAC: is it a clone of this host with the same machine-id? (or a switch returns frames)" WHO mac=02:00:00:00:00:ee port=nic1`},
	{event.Conflict{Addr: addr, MAC: mac}, "WARN", `msg="address is in use by another machine" WHO addr=192.0.2.9 mac=02:00:00:00:00:ee`},

	{event.Bound6{Addr: addr6, Source: "slaac"}, "INFO", `msg="IPv6 bound" WHO addr=2001:db8::9 source=slaac`},
	{event.Duplicate6{Addr: addr6}, "WARN", `msg="IPv6 address in use by another host" WHO addr=2001:db8::9`},
	{event.Deprecated6{Addr: addr6}, "INFO", `msg="IPv6 address deprecated" WHO addr=2001:db8::9`},
	{event.Gone6{Addr: addr6}, "INFO", `msg="IPv6 address gone" WHO addr=2001:db8::9`},
	{event.NoIPv6{Reason: "the MTU is below 1280"}, "WARN", `msg="no IPv6" WHO reason="the MTU is below 1280"`},
	{event.Flooded6{Rest: 10 * time.Minute}, "WARN", `msg="flood of router advertisements to this container alone; it takes no prefixes and routers for now" WHO rest=10m0s`},
	{event.AdvertiseFailed{Addr: addr6, Err: errNet}, "WARN", `msg="advertise an IPv6 address" WHO addr=2001:db8::9 err="network is down"`},

	{event.Lost{Err: errNet}, "INFO", `msg="container is gone" WHO err="network is down"`},
	{event.Held{Addrs: []netip.Addr{addr, addr6}, Reason: "container is gone"}, "INFO", `msg="lease held" WHO addr="[192.0.2.9 2001:db8::9]" reason="container is gone"`},
	{event.Held{Reason: "released"}, "INFO", `msg="lease held" WHO addr=[] reason=released`},
	{event.Ended{Reason: "replaced"}, "INFO", `msg="lease ended" WHO reason=replaced`},
	{event.Deferred{Err: errNet}, "INFO", `msg="the lease is given back a little later" WHO err="network is down"`},
	{event.Unreleased{Addr: addr, Err: errNet}, "WARN", `msg="give the lease back" WHO addr=192.0.2.9 err="network is down"`},
	{event.Unreleased{Addr: []netip.Addr{addr}, Err: errNet}, "WARN", `msg="give the lease back" WHO addr=[192.0.2.9] err="network is down"`},
	{event.Unreleased6{Err: errNet}, "WARN", `msg="give the IPv6 lease back" WHO err="network is down"`},
	{event.HandedOver{Addr: addr}, "INFO", `msg="the lease is another container's now" WHO addr=192.0.2.9`},

	{event.ResolvEdited{}, "INFO", `msg="resolv.conf was edited; leased does not change it" WHO`},
	{event.ResolvForeign{Err: errNet}, "INFO", `msg="resolv.conf is not the engine's or the hook's; leased does not change it" WHO err="network is down"`},
	{event.ResolvRewritten{DNS: []netip.Addr{server, router}, Search: []string{"lan", "example.org"}}, "INFO", `msg="resolv.conf rewritten" WHO dns="[192.0.2.1 fe80::1]" search="[lan example.org]"`},

	{event.Sent{Family: event.IPv4, Type: word("REQUEST"), XID: 0xfffffffe, Server: server}, "DEBUG", `msg=send WHO type=REQUEST xid=4294967294 server=192.0.2.1`},
	{event.Sent{Family: event.IPv4, Type: word("DISCOVER"), XID: 7}, "DEBUG", `msg=send WHO type=DISCOVER xid=7 server=""`},
	{event.Sent{Family: event.IPv6, Type: word("SOLICIT"), XID: 7}, "DEBUG", `msg=send WHO type=SOLICIT xid=7`},
	{event.Received{Family: event.IPv4, Type: word("ACK"), XID: 7, Addr: addr, Server: server}, "DEBUG", `msg=received WHO type=ACK xid=7 addr=192.0.2.9 server=192.0.2.1`},
	{event.Received{Family: event.IPv6, Type: word("REPLY"), XID: 7}, "DEBUG", `msg=received WHO type=REPLY xid=7`},
	{event.Ignored{Err: errNet}, "DEBUG", `msg="message ignored" WHO err="network is down"`},
	{event.Ignored{}, "DEBUG", `msg="message ignored" WHO err=<nil>`},

	{event.Trimmed{Parts: []string{"route 0.0.0.0/1: wider than /8", "subnet 10.9.8.7/6: wider than /8"}}, "WARN", `msg="a part of the lease is left out" WHO parts="route 0.0.0.0/1: wider than /8; subnet 10.9.8.7/6: wider than /8"`},
	{event.Raised{Host: "br0"}, "INFO", `msg="the bridge or parent was down and is up now" WHO host=br0`},
	{event.Hindered{Host: "nic0"}, "WARN", `msg="the parent has no carrier; the lease comes when it has" WHO host=nic0`},
	{event.Hindered{Host: "br0", Blocked: 30 * time.Second}, "WARN", `msg="spanning tree holds the port back; the lease comes later" WHO host=br0 for=30s`},
	{event.Limited{Option: "lease_timeout=40s", To: "10s"}, "WARN", `msg="a container's option is limited by its network's" WHO option="lease_timeout=40s" to=10s`},

	{event.Reported{Family: event.IPv4, Msg: "server refused the address", Detail: "no"}, "WARN", `msg="server refused the address" WHO detail=no`},
	{event.Reported{Family: event.IPv6, Msg: "ADVERTISE ignored", Detail: "no"}, "WARN", `msg="IPv6: ADVERTISE ignored" WHO detail=no`},
	{event.Failed{What: "solicit routers", Err: errNet}, "WARN", `msg="solicit routers" WHO err="network is down"`},
	{event.Failed{What: "IPv6: open a socket", Err: errNet}, "WARN", `msg="IPv6: open a socket" WHO err="network is down"`},
	{event.InVain{MAC: mac, Why: "no server"}, "WARN", `msg="no lease in time" WHO mac=02:00:00:00:00:ee reason="no server"`},
	{event.OtherMAC{Err: errNet}, "WARN", `msg="the container has changed its MAC; its lease stays with the MAC of before" WHO err="network is down"`},
	{event.OtherMAC{Err: errNet, Guarded: true}, "WARN", `msg="the container has changed its MAC; its lease stays with the MAC of before" WHO err="network is down" hint="the guard of its port drops its frames: set the MAC back, or use option mac= or guard=off"`},
	{event.LinkTrouble{Text: "bridge br0 is gone"}, "WARN", `msg="the container is cut off from the LAN" WHO reason="bridge br0 is gone"`},
	{event.LinkMended{}, "INFO", `msg="the container is on the LAN again" WHO`},
	{event.LinkContested{Text: "bridge br0 is gone"}, "ERROR", `msg="another program takes the container off the LAN again and again; leased tries once a minute; have your network configuration ignore this interface" WHO reason="bridge br0 is gone"`},
	{event.TakenAway{What: "address", Addr: addr}, "WARN", `msg="the container has removed its address; leased puts it back" WHO addr=192.0.2.9`},
	{event.TakenAway{What: "link-local address"}, "WARN", `msg="the container has removed its link-local address; leased puts it back" WHO`},
	{event.Broken{What: "apply the lease", Err: errNet}, "ERROR", `msg="apply the lease" WHO err="network is down"`},
	{event.LeftOut{Lines: 57}, "WARN", `msg="lines left out in the last minute" WHO lines=57`},
	{event.Panicked{Value: "index out of range", Stack: "a\nb"}, "ERROR", `msg=panic WHO err="index out of range" stack="a\nb"`},
}
