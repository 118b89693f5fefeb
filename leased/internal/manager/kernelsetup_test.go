// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"cmp"
	"context"
	"net"
	"os"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/kernel"
)

var parentMAC = net.HardwareAddr{2, 0xaa, 0, 0, 0, 1}

// Adopt knows the netns by its path alone.
func (k *fakeKernel) Adopt(_ *os.File, path, ifname string) (kernel.Place, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.links[cmp.Or(path, k.adopts)]
	if path == "" && k.adopts == "" { // of a Teardown
		for _, p = range k.links {
			ok = true
		}
	}
	if !ok {
		return kernel.Place{}, errNoNetns
	}
	p = kernel.Place{Netns: cmp.Or(path, p.Netns), Cookie: p.Cookie, Interface: ifname, Number: kernel.Unnumbered, Session: new(kernel.Session)}
	k.sessions[p.Session] = true
	return p, nil
}

func (k *fakeKernel) Maker(s attach.Spec) (kernel.Maker, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.makerError != nil {
		return nil, k.makerError
	}
	k.makers++
	return &fakeMaker{k, s}, nil
}

func (k *fakeKernel) Reguard(all []kernel.Use) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.guarded = all
	return nil
}

// Allow4 is not among the calls: a guard's own tests and those on Linux have it.
func (k *fakeKernel) Allow4(kernel.Use) error { return nil }

func (k *fakeKernel) Unguard(u kernel.Use) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unguarded = append(k.unguarded, u.Port)
}

// LANName knows one alternative name.
func (k *fakeKernel) LANName(lan string) string {
	if lan == "the-lan" {
		return "br0"
	}
	return lan
}

func (k *fakeKernel) Doubt(lan string) string { return "" }

func (k *fakeKernel) UnmakeLink(p kernel.Place, s attach.Spec) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, "unmake "+s.Interface+" "+s.MAC.String()+" "+s.HostEnd)
	return nil
}

// fakeMaker makes links in a fakeKernel.
type fakeMaker struct {
	k *fakeKernel
	s attach.Spec
}

func (m *fakeMaker) Link() attach.Link {
	l := m.k.made
	l.MAC, l.HostMTU, l.Bridge = m.s.MAC, 1500, m.s.Host == "br0"
	if l.MAC == nil {
		l.MAC = parentMAC
	}
	return l
}

func (m *fakeMaker) Make(ctx context.Context, p kernel.Place, pause func(context.Context, time.Duration) error) (kernel.Place, error) {
	if d := m.k.making; d > 0 {
		_ = pause(ctx, d)
	}
	if err := cmp.Or(ctx.Err(), m.k.enter(p, "make "+p.Interface+" "+m.Link().MAC.String())); err != nil {
		return p, err
	}
	p.Index, p.MAC = 7, m.Link().MAC
	m.k.with(func(k *fakeKernel) { k.links[p.Netns] = p })
	return p, nil
}

func (m *fakeMaker) Close() { m.k.with(func(k *fakeKernel) { k.makers-- }) }
