// SPDX-License-Identifier: Apache-2.0

// Package leaseapi is step 2 of the way of a lease: the Varlink interface io.leased on
// leased's unix socket, for its callers and for leased: types, framing and client.
// https://varlink.org describes the protocol, io.leased.varlink the interface.
package leaseapi

import (
	_ "embed"
	"encoding/json"
	"net/netip"

	"podman-net-dhcp/internal/leaseapi/pipe"
)

// DefaultSocket is where leased listens; the environment's LEASED_SOCKET
// overrides it.
const DefaultSocket = pipe.DefaultSocket

// Interface is the description that varlinkctl introspect shows.
//
//go:embed io.leased.varlink
var Interface string

// Socket returns the path of leased's socket.
func Socket() string { return pipe.Socket() }

// The methods of io.leased.
const (
	MethodSetup    = pipe.MethodSetup
	MethodTeardown = pipe.MethodTeardown
	MethodAcquire  = "io.leased.Acquire"
	MethodRelease  = "io.leased.Release"
	MethodList     = "io.leased.List"
	MethodMay      = "io.leased.May"

	MethodReleaseContainer = "io.leased.ReleaseContainer"
	MethodNoteResolvConf   = "io.leased.NoteResolvConf"
)

// The errors of io.leased. Each has one parameter, message, for the user: what, where
// and the next step.
const (
	ErrorNoLease = "io.leased.NoLease" // no server answered, or no server gave an address, in time
	ErrorFailed  = "io.leased.Failed"  // the kernel or the disk refused
	// ErrorRefused: an option, or netavark's document, cannot be right; or the policy does not
	// allow it; or a running container has this one's identity on the LAN.
	ErrorRefused = "io.leased.Refused"
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
	// Owner tells containers of one id apart, for callers to whom an id is no name in the
	// world: the OCI hook names the bundle.
	Owner string `json:"owner,omitempty"`
}

// Link is the container's interface, as attach made it.
type Link struct {
	Netns string `json:"netns"`           // path of the container's netns
	Index int    `json:"index,omitempty"` // ifindex inside it; 0: found by the attachment's interface name
	MAC   string `json:"mac"`
	Host  string `json:"host"` // the bridge or parent on the host
	// MTU is the largest MTU that the bridge or parent carries; leased applies the
	// server's option 26 up to it. 0: the user has set the MTU, so leased leaves it.
	MTU int `json:"mtu"`
}

// Client holds the values that leased sends to the server for the container.
type Client struct {
	ClientID    string     `json:"clientId,omitempty"` // option 61 in hex, with its type byte
	Hostname    string     `json:"hostname,omitempty"` // option 12, or 81 with FQDN
	FQDN        bool       `json:"fqdn,omitempty"`
	VendorClass string     `json:"vendorClass,omitempty"` // option 60
	UserClass   string     `json:"userClass,omitempty"`   // option 77
	RequestIP   netip.Addr `json:"requestIp,omitzero"`    // option 50
	RequireIP   bool       `json:"requireIp,omitempty"`   // refuse every other address
	// Servers are the DHCP servers whose answers count, by option 54; none: all.
	Servers     []netip.Prefix `json:"servers,omitempty"`
	RapidCommit bool           `json:"rapidCommit,omitempty"` // option 80 (RFC 4039)
	IPv6Mostly  bool           `json:"ipv6Mostly,omitempty"`  // ask for option 108 (RFC 8925)

	DUID        string     `json:"duid,omitempty"`       // option 1 of DHCPv6 in hex
	IAID        uint32     `json:"iaid,omitempty"`       // of the one IA_NA
	Secret      string     `json:"secret,omitempty"`     // of stable interface identifiers (RFC 7217), 16 bytes in hex
	RequestIPv6 netip.Addr `json:"requestIpv6,omitzero"` // the hint in SOLICIT
}

// Policy says what leased does with the lease.
type Policy struct {
	Metric         int    `json:"metric"` // of the default route
	NoDefaultRoute bool   `json:"noDefaultRoute,omitempty"`
	Routes         string `json:"routes,omitempty"` // dhcp or none; absent: none with NoDefaultRoute, else dhcp
	// Routers are those that routes may lead to; none: all.
	Routers       []netip.Prefix `json:"routers,omitempty"`
	TimeoutMS     int64          `json:"timeoutMs"`               // how long Acquire waits
	OnTimeout     string         `json:"onTimeout"`               // fail or continue
	Release       string         `json:"release"`                 // now, never, or a grace such as 20s
	ConflictCheck string         `json:"conflictCheck,omitempty"` // off (also if absent), quick or rfc5227
	ResolvConf    bool           `json:"resolvConf,omitempty"`    // keep the container's resolv.conf in step with the lease
	IPv6          string         `json:"ipv6,omitempty"`          // off (also if absent), auto, slaac, dhcp or only
	RARoutes      bool           `json:"raRoutes,omitempty"`      // take routes from router advertisements (RFC 4191)
	IPv6TimeoutMS int64          `json:"ipv6TimeoutMs,omitempty"` // how long Acquire waits for IPv6 once it has IPv4
}

// SetupRequest holds the parameters of Setup. The call carries a descriptor of the container's
// netns (SCM_RIGHTS). Netavark, a document for netavark's plugin, stands in place of the three
// fields before it. If the attachment already has a lease on a link of leased's in the same
// netns, Setup answers with that lease.
type SetupRequest struct {
	Netns      string            `json:"netns"` // path by which the netns is found again later
	Attachment Attachment        `json:"attachment,omitzero"`
	Options    map[string]string `json:"options,omitempty"`   // as users type them
	Hostnames  []string          `json:"hostnames,omitempty"` // candidates for the DHCP host name, best first
	Netavark   json.RawMessage   `json:"netavark,omitempty"`
	// Front is FrontHook for a container that the OCI hook brings: the policy decides about
	// it. Networks is how many networks the container asks for in all. Without Front nothing
	// is decided: the caller is root.
	Front    string `json:"front,omitempty"`
	Networks int    `json:"networks,omitempty"`
}

// FrontHook is the OCI hook, as SetupRequest.Front and as the WHO of a policy.
const FrontHook = "hook"

// SetupReply is the answer of Setup. Lease is absent as in AcquireReply. To a call with
// Netavark, the answer is Status alone: netavark's StatusBlock.
type SetupReply struct {
	MAC    string          `json:"mac,omitempty"`
	Lease  *Lease          `json:"lease,omitempty"`
	Status json.RawMessage `json:"status,omitempty"`
}

// TeardownRequest holds the parameters of Teardown. The call carries a descriptor of the netns
// if there is one still; without it the link is left to the kernel, which ends it with the
// netns. An unknown attachment is not an error.
type TeardownRequest struct {
	Attachment Attachment      `json:"attachment,omitzero"`
	Netavark   json.RawMessage `json:"netavark,omitempty"`
}

// AcquireRequest holds the parameters of Acquire. If the attachment already has a lease
// on the same link, Acquire answers with that lease.
type AcquireRequest struct {
	Attachment Attachment `json:"attachment"`
	Link       Link       `json:"link"`
	Client     Client     `json:"client"`
	Policy     Policy     `json:"policy"`
}

// AcquireReply is the answer of Acquire. Lease is absent if no lease came in time and
// onTimeout is continue.
type AcquireReply struct {
	Lease *Lease `json:"lease,omitempty"`
}

// ReleaseRequest holds the parameters of Release. An unknown attachment is not an error.
type ReleaseRequest struct {
	Attachment Attachment `json:"attachment"`
}

// ReleaseContainerRequest holds the parameters of ReleaseContainer. An unknown container
// is not an error. With Owner, only attachments of this owner end, and those without an owner
// that the OCI hook made before owners were told; an attachment whose interface is still there
// does not end.
type ReleaseContainerRequest struct {
	ContainerID string `json:"containerId"`
	Owner       string `json:"owner,omitempty"`
}

// NoteResolvConfRequest holds the parameters of NoteResolvConf: the file that the caller has
// written for the container, by its path without symlinks and as in stat(2). An unknown
// container is not an error.
type NoteResolvConfRequest struct {
	ContainerID string `json:"containerId"`
	Owner       string `json:"owner,omitempty"`
	Path        string `json:"path"`
	Device      uint64 `json:"device"`
	Inode       uint64 `json:"inode"`
}

// Lease is a lease that the server granted and leased applied. Without IPv4, Address,
// Server and the times are absent.
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
	// Deprecated says that the address must not be used for new connections (RFC 4862
	// §5.5.4). Deprecated addresses come last.
	Deprecated bool `json:"deprecated,omitempty"`
}

// Route is one route of a lease. Gateway is absent for an on-link one.
type Route struct {
	Destination netip.Prefix `json:"destination"`
	Gateway     netip.Addr   `json:"gateway,omitzero"`
}

// StateHeld is the state of an attachment whose container is gone and whose lease is
// kept for a while.
const StateHeld = "HELD"

// Status is one attachment as List shows it.
type Status struct {
	Attachment Attachment `json:"attachment"`
	Link       Link       `json:"link"`
	State      string     `json:"state"`            // RFC 2131 figure 5, PROBING (RFC 5227), or StateHeld
	State6     string     `json:"state6,omitempty"` // of DHCPv6, if in use
	// Trouble is what keeps the container from the LAN, for the user: "bridge br0 is gone".
	Trouble string `json:"trouble,omitempty"`
	Lease   *Lease `json:"lease,omitempty"`
}

// MayRequest holds the parameters of May: who, on which interface of the host, with which
// options of net-dhcp(7). Two keys are the hook's: name, and networks, which is a number.
type MayRequest struct {
	Who       string            `json:"who"`
	Interface string            `json:"interface"`
	Options   map[string]string `json:"options,omitempty"`
}

// MayReply says which line of the policy allows it, as FILE:NUMBER.
type MayReply struct {
	Line string `json:"line"`
}

// ListReply is one reply of List: an attachment; empty in the last reply.
type ListReply struct {
	Status *Status `json:"status,omitempty"`
}
