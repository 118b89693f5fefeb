// SPDX-License-Identifier: Apache-2.0

// Package leaseapi is step 3 of the way of a lease: the Varlink interface
// io.leased on leased's unix socket, as its callers and leased itself see it:
// the types, the framing and the client. https://varlink.org has the protocol,
// io.leased.varlink the interface.
package leaseapi

import (
	_ "embed"
	"net/netip"
	"os"
)

// DefaultSocket is where leased listens; the environment's LEASED_SOCKET
// overrides it.
const DefaultSocket = "/run/leased/leased.sock"

// Interface is the description that varlinkctl introspect shows.
//
//go:embed io.leased.varlink
var Interface string

// Socket is the path of leased's socket.
func Socket() string {
	if s := os.Getenv("LEASED_SOCKET"); s != "" {
		return s
	}
	return DefaultSocket
}

// The methods of io.leased.
const (
	MethodAcquire = "io.leased.Acquire"
	MethodRelease = "io.leased.Release"
	MethodList    = "io.leased.List"

	MethodReleaseContainer = "io.leased.ReleaseContainer"
)

// The errors of io.leased. Each has one parameter, message: what, where and the
// next step, for the user's eyes.
const (
	ErrorNoLease = "io.leased.NoLease" // nobody answered, or nobody gave an address, in time
	ErrorFailed  = "io.leased.Failed"  // the kernel or the disk refused
)

// The errors that every Varlink service has (org.varlink.service).
const (
	ErrorInterfaceNotFound = "org.varlink.service.InterfaceNotFound"
	ErrorMethodNotFound    = "org.varlink.service.MethodNotFound"
	ErrorInvalidParameter  = "org.varlink.service.InvalidParameter"
	ErrorPermissionDenied  = "org.varlink.service.PermissionDenied"
	ErrorExpectedMore      = "org.varlink.service.ExpectedMore"
)

// Attachment is one container on one network with one interface name: the key
// of everything.
type Attachment struct {
	ContainerID   string `json:"containerId"`
	ContainerName string `json:"containerName"`
	Network       string `json:"network"`
	Interface     string `json:"interface"`
}

// Link is the container's interface, as attach made it.
type Link struct {
	Netns string `json:"netns"`           // path of the container's netns
	Index int    `json:"index,omitempty"` // ifindex inside it; 0: the one of the attachment's interface name
	MAC   string `json:"mac"`
	Host  string `json:"host"` // the bridge or parent it hangs on, on the host
	// MTU is the largest that the bridge or parent carries; the server's option
	// 26 is applied up to it. 0: the user has set the MTU, leave it.
	MTU int `json:"mtu"`
}

// Client is what leased says to the server for the container.
type Client struct {
	ClientID    string     `json:"clientId,omitempty"` // option 61 in hex, with its type byte
	Hostname    string     `json:"hostname,omitempty"` // option 12, or 81 with FQDN
	FQDN        bool       `json:"fqdn,omitempty"`
	VendorClass string     `json:"vendorClass,omitempty"` // option 60
	UserClass   string     `json:"userClass,omitempty"`   // option 77
	RequestIP   netip.Addr `json:"requestIp,omitzero"`    // option 50
	RequireIP   bool       `json:"requireIp,omitempty"`   // refuse every other address
	RapidCommit bool       `json:"rapidCommit,omitempty"` // option 80 (RFC 4039)
	IPv6Mostly  bool       `json:"ipv6Mostly,omitempty"`  // ask for option 108 (RFC 8925)

	DUID        string     `json:"duid,omitempty"`       // option 1 of DHCPv6 in hex
	IAID        uint32     `json:"iaid,omitempty"`       // of the one IA_NA
	Secret      string     `json:"secret,omitempty"`     // of stable interface identifiers (RFC 7217), 16 bytes in hex
	RequestIPv6 netip.Addr `json:"requestIpv6,omitzero"` // hinted at in SOLICIT
}

// Policy is what leased does with the lease.
type Policy struct {
	Metric         int    `json:"metric"` // of the default route
	NoDefaultRoute bool   `json:"noDefaultRoute,omitempty"`
	TimeoutMS      int64  `json:"timeoutMs"`               // how long Acquire waits
	OnTimeout      string `json:"onTimeout"`               // fail or continue
	Release        string `json:"release"`                 // now, never, or a grace such as 20s
	ConflictCheck  string `json:"conflictCheck,omitempty"` // off (also where absent), quick or rfc5227
	ResolvConf     bool   `json:"resolvConf,omitempty"`    // keep the container's resolv.conf as the lease has it
	IPv6           string `json:"ipv6,omitempty"`          // off (also where absent), auto, slaac, dhcp or only
	IPv6TimeoutMS  int64  `json:"ipv6TimeoutMs,omitempty"` // how long Acquire waits for IPv6 where it has IPv4
}

// AcquireRequest are the parameters of Acquire. Asked again for an attachment
// that has its lease already, on the same link, it answers with that lease.
type AcquireRequest struct {
	Attachment Attachment `json:"attachment"`
	Link       Link       `json:"link"`
	Client     Client     `json:"client"`
	Policy     Policy     `json:"policy"`
}

// AcquireReply is what Acquire answers. Lease is absent when the time was over
// and onTimeout is continue.
type AcquireReply struct {
	Lease *Lease `json:"lease,omitempty"`
}

// ReleaseRequest are the parameters of Release. An attachment that leased does
// not know is no error.
type ReleaseRequest struct {
	Attachment Attachment `json:"attachment"`
}

// ReleaseContainerRequest are the parameters of ReleaseContainer. A container that
// leased does not know is no error.
type ReleaseContainerRequest struct {
	ContainerID string `json:"containerId"`
}

// Lease is what the server granted and leased applied. One of IPv6 alone has no
// Address, Server and times.
type Lease struct {
	Address netip.Prefix `json:"address,omitzero"`
	Gateway netip.Addr   `json:"gateway,omitzero"` // of the default route in the container
	Routes  []Route      `json:"routes,omitempty"`
	DNS     []netip.Addr `json:"dns,omitempty"`
	Search  []string     `json:"search,omitempty"`
	MTU     int          `json:"mtu,omitempty"`
	Server  netip.Addr   `json:"server,omitzero"`
	// Seconds left until renewal (T1), rebinding (T2) and expiry; absent: never.
	Renew  *int64 `json:"renew,omitempty"`
	Rebind *int64 `json:"rebind,omitempty"`
	Expire *int64 `json:"expire,omitempty"`

	IPv6     []Address6 `json:"ipv6,omitempty"`
	Gateway6 netip.Addr `json:"gateway6,omitzero"` // of the default route in the container
}

// Sources of an IPv6 address.
const (
	SourceSLAAC = "slaac" // the kernel's, by a router's advertisement
	SourceDHCP  = "dhcp"
)

// Address6 is an IPv6 address of the container.
type Address6 struct {
	Address netip.Prefix `json:"address"`
	Source  string       `json:"source"`
	// Deprecated says that the address is not to be used for anything new (RFC 4862
	// §5.5.4). A deprecated one comes behind those that are not.
	Deprecated bool `json:"deprecated,omitempty"`
}

// Route is one route of a lease. Gateway is absent for an on-link one.
type Route struct {
	Destination netip.Prefix `json:"destination"`
	Gateway     netip.Addr   `json:"gateway,omitzero"`
}

// StateHeld is the state of an attachment whose container is gone and whose lease
// is kept for a while.
const StateHeld = "HELD"

// Status is one attachment as List shows it.
type Status struct {
	Attachment Attachment `json:"attachment"`
	Link       Link       `json:"link"`
	State      string     `json:"state"`            // RFC 2131 figure 5, PROBING (RFC 5227), or StateHeld
	State6     string     `json:"state6,omitempty"` // of DHCPv6, where there is any
	Lease      *Lease     `json:"lease,omitempty"`
}

// ListReply is one reply of List: an attachment, or none in the last one.
type ListReply struct {
	Status *Status `json:"status,omitempty"`
}
