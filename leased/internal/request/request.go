// SPDX-License-Identifier: Apache-2.0

// Package request is the domain's form of an Acquire: the API's parameters, parsed
// once. Parse checks each parameter, so that a Request needs no check after it:
// enums are typed, durations are durations, identifiers are bytes. The package is
// pure. The server parses callers' requests with it, and package record those on
// disk.
package request

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Request asks for a lease for one attachment.
type Request struct {
	Attachment Attachment
	Link       Link
	Client     Client
	Policy     Policy
}

// Attachment is one container on one network with one interface name.
type Attachment struct {
	ContainerID, ContainerName string
	Network                    string
	Interface                  string // its name in the container
	Owner                      string // tells containers of one id apart; empty: their ids do
}

// Key identifies the attachment. The names of its files on disk derive from it, so
// its bytes must not change.
func (a Attachment) Key() string {
	key := fmt.Sprintf("%s\x00%s\x00%s", a.ContainerID, a.Network, a.Interface)
	if a.Owner != "" {
		key += "\x00" + a.Owner
	}
	return key
}

// Name is the container's name, or else its id: what a container has again that is made again.
func (a Attachment) Name() string { return cmp.Or(a.ContainerName, a.ContainerID) }

// AttachmentOf returns the attachment of a key. It has no container's name.
func AttachmentOf(key string) (a Attachment) {
	for i, part := range strings.SplitN(key, "\x00", 5) {
		if i < 4 {
			*[]*string{&a.ContainerID, &a.Network, &a.Interface, &a.Owner}[i] = part
		}
	}
	return a
}

// IsOf reports whether a key, or a longer one that begins with it, is of a container. Without
// an owner, the id decides. With an owner, an attachment without one is of the container if the
// OCI hook has made it, before it told owners.
func IsOf(key, containerID, owner string) bool {
	part := strings.Split(key, "\x00")
	switch {
	case part[0] != containerID || len(part) < 3:
		return false
	case owner == "":
		return true
	case len(part) == 3:
		return part[1] == hookNetwork || strings.HasPrefix(part[1], hookNetwork+".")
	}
	return part[3] == owner
}

// IsOwned reports whether a key has an owner.
func IsOwned(key string) bool { return strings.Count(key, "\x00") == 3 }

// hookNetwork is the network of the OCI hook; further ones have a number behind it.
const hookNetwork = "io.leased"

// Within returns a with its strings taken from key, which begins with a.Key(): they share
// the memory of key.
func (a Attachment) Within(key string) Attachment {
	part := func(s string) (same string) {
		same, key = key[:len(s)], key[min(len(s)+1, len(key)):]
		return same
	}
	a.ContainerID, a.Network, a.Interface = part(a.ContainerID), part(a.Network), part(a.Interface)
	if a.Owner != "" {
		a.Owner = part(a.Owner)
	}
	return a
}

// Link is the container's interface.
type Link struct {
	Netns string           // absolute path of the container's netns
	Index int              // ifindex in the netns; 0: find it by the attachment's interface name
	MAC   net.HardwareAddr // 6 bytes, unicast
	Host  string           // the bridge or parent on the host
	MTU   int              // largest for the server's option 26, in bytes; 0: ignore option 26
	Made  Made             // how leased has made it; not of the API
}

// Client describes the container to DHCP servers.
type Client struct {
	ID          []byte         // option 61 with its type byte; nil: none
	Hostname    string         // option 12, or 81 with FQDN
	VendorClass string         // option 60
	UserClass   string         // option 77
	RequestIP   netip.Addr     // option 50; IPv4, invalid: none
	FQDN        bool           // send Hostname in option 81
	RequireIP   bool           // refuse every address but RequestIP
	Servers     []netip.Prefix // whose answers count, by option 54, at most 8; IPv4, nil: all
	RapidCommit bool           // option 80 (RFC 4039)
	IPv6Mostly  bool           // ask for option 108 (RFC 8925)

	IAID        uint32     // of the one IA_NA
	DUID        []byte     // option 1 of DHCPv6, 3 to 130 bytes; nil: none
	Secret      [16]byte   // of stable interface identifiers (RFC 7217); zero: none
	RequestIPv6 netip.Addr // hint in SOLICIT; IPv6, invalid: none
}

// Policy decides about the lease.
type Policy struct {
	Metric         int           // of the default route, 0 to 2^32-2
	Timeout        time.Duration // how long Acquire waits, above 0, at most 10 min
	IPv6Timeout    time.Duration // how long Acquire waits for IPv6 when it has IPv4, at most 10 min
	Release        Release
	NoDefaultRoute bool           // so it is with NoRoutes
	NoRoutes       bool           // take no route from the server, classless ones included
	Routers        []netip.Prefix // that routes may lead to, at most 8; IPv4, nil: all
	OnTimeout      OnTimeout
	ConflictCheck  ConflictCheck
	Guard          bool // of a bridge port that leased makes; not of the API
	// Shim says that the lease is for the host's shim, another link, which uses the address; not of
	// the API, and not on disk: the netns goes with leased.
	Shim       bool
	RARoutes   bool // take routes from router advertisements; not with NoRoutes
	ResolvConf bool // keep the container's resolv.conf as the lease has it
	IPv6       IPv6
}

// Release says when a lease is given back after its container has gone. The zero
// value gives it back at once.
type Release struct {
	Grace time.Duration // a restart within it keeps the lease; 1 s to 24 h, or 0
	Never bool          // keep the lease until it expires; Grace is 0
}

// ClientKey identifies the client to the servers of a LAN, and the LAN: by the
// client identifier, or without one by the MAC (RFC 2131 §4.2). The names of memos'
// files derive from it, so its bytes must not change.
func (r Request) ClientKey() string {
	if id := r.Client.ID; len(id) > 0 {
		return r.Link.Host + "\x00id\x00" + hex.EncodeToString(id)
	}
	return r.Link.Host + "\x00mac\x00" + r.Link.MAC.String()
}
