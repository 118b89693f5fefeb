// SPDX-License-Identifier: Apache-2.0

package request

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netavark"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// Setup asks for a container's interface, its link included.
type Setup struct {
	Wanted   wanted.Interface
	Netavark bool // the answer is netavark's document

	front    string // empty: root itself, and no policy decides
	shim     bool   // the lease is for the host's shim
	networks int    // that the container asks for in all

	patience time.Duration // before LimitTime: a bridge's spanning tree is no silent server
}

// RefusedError says, for the user, which option or part of netavark's document cannot be
// right.
type RefusedError struct{ err error }

// Error is the reason.
func (e *RefusedError) Error() string { return e.err.Error() }

// Bounds on a Setup. The frame bounds the whole.
const maxHostnames = 8

// ParseSetup checks the parameters of a Setup. It fails with an *InvalidError for a parameter
// that only a program can get wrong, and with a *RefusedError for what a user has typed.
func ParseSetup(a leaseapi.SetupRequest) (Setup, error) {
	var p parser
	p.check("netns", strings.HasPrefix(a.Netns, "/") && len(a.Netns) <= maxPath)
	p.check("hostnames", len(a.Hostnames) <= maxHostnames)
	p.check("front", a.Front == "" || a.Front == leaseapi.FrontHook && a.Netavark == nil)
	p.check("networks", a.Networks >= 0)
	at, s := p.keyOf(a.Attachment, a.Netavark), Setup{Netavark: a.Netavark != nil, front: a.Front, networks: max(a.Networks, 1)}
	if p.bad != "" {
		return Setup{}, &InvalidError{p.bad}
	}
	var err error
	if s.Netavark {
		s.Wanted, err = at.exec.Wanted(a.Netns)
	} else {
		s.Wanted = wanted.Interface{Attachment: a.Attachment, Netns: a.Netns, Hostnames: a.Hostnames}
		s.Wanted.Options, err = options.Parse(a.Options)
	}
	if err == nil {
		err = s.Wanted.Check()
	}
	if err != nil {
		return Setup{}, &RefusedError{err}
	}
	return s, nil
}

// ParseTeardown checks the parameters of a Teardown, and returns the attachment to end. It
// fails as ParseSetup does.
func ParseTeardown(a leaseapi.TeardownRequest) (Attachment, error) {
	var p parser
	at := p.keyOf(a.Attachment, a.Netavark)
	if p.bad != "" {
		return Attachment{}, &InvalidError{p.bad}
	}
	return at.Attachment, nil
}

// key is the attachment that a call is about, and netavark's document if that names it.
type key struct {
	Attachment
	exec netavark.Exec
}

// keyOf takes the attachment from one of the two parameters, of which one must be there.
func (p *parser) keyOf(a leaseapi.Attachment, document json.RawMessage) (k key) {
	if document == nil {
		k.Attachment = p.attachment(a)
		return k
	}
	p.check("attachment", a == leaseapi.Attachment{})
	p.check("netavark", json.Unmarshal(document, &k.exec) == nil)
	if p.bad == "" {
		k.Attachment = p.attachment(k.exec.Attachment())
	}
	return k
}

// LimitTime has the lease's time be the one that limit returns for the host interface and the
// container. Without IPv4, the DHCP servers have no say.
func (s *Setup) LimitTime(limit func(host, by string, most time.Duration) time.Duration) {
	if o := &s.Wanted.Options; o.IPv6 != "only" {
		s.patience = o.LeaseTimeout
		o.LeaseTimeout = limit(attach.LAN(o.Host(), o.VLAN), Attachment(s.Wanted.Attachment).Name(), o.LeaseTimeout)
	}
}

// Link is the link to make. Its MAC is nil where it takes over the host interface's.
func (s Setup) Link() (attach.Spec, error) {
	l, err := s.Wanted.Link()
	l.Patience = max(l.Patience, s.patience)
	return l, err
}

// Request is the lease to ask for, on a link that has a MAC by now.
func (s Setup) Request(link attach.Link) (Request, error) {
	a, err := s.Wanted.Lease(link)
	if err != nil {
		return Request{}, err
	}
	r, err := Parse(a)
	r.Policy.Guard = s.Wanted.Options.Guard && s.Wanted.Options.Bridge != ""
	r.Policy.Shim = s.shim
	r.Link.Made = made(link, s.Wanted.Options)
	return r, err
}

// Reply is the answer to the caller.
func (s Setup) Reply(mac net.HardwareAddr, lease *leaseapi.Lease) (leaseapi.SetupReply, error) {
	if !s.Netavark {
		return leaseapi.SetupReply{MAC: mac.String(), Lease: lease}, nil
	}
	status, err := json.Marshal(netavark.Status(s.Wanted, mac, lease))
	if err != nil {
		return leaseapi.SetupReply{}, fmt.Errorf("encode netavark's document: %w", err)
	}
	return leaseapi.SetupReply{Status: status}, nil
}

// Port is the name of the bridge port that is guarded, if the link has one; empty: it is not.
func (r Request) Port() string {
	if !r.Policy.Guard {
		return ""
	}
	return wanted.Signs(leaseapi.Attachment(r.Attachment)).HostEnd
}

// FormerPort is Port as an earlier version named it.
func (r Request) FormerPort() string {
	if !r.Policy.Guard {
		return ""
	}
	return wanted.Signs(leaseapi.Attachment(r.Attachment)).FormerEnd
}

// Spec is the link of the request, by the signs that tell it from others: to remove it.
func (r Request) Spec() attach.Spec {
	s := wanted.Signs(leaseapi.Attachment(r.Attachment))
	s.Host, s.VLAN = attach.SplitLAN(r.Link.Host)
	s.MAC = r.Link.MAC
	s.Mode = "passthru" // or another one: then the interface there has another MAC
	return s
}
