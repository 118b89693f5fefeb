// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/binding"
)

// router6 is what a router advertises.
type router6 struct {
	managed, other bool
	prefix         netip.Prefix // autonomous; invalid: none
	deprecated     bool
	dns            netip.Addr
	more           int // prefixes that are on the link, and no more
}

// bytes is the advertisement (RFC 4861 §4.2, §4.6.2, RFC 8106 §5.1).
func (r router6) bytes() []byte {
	b := make([]byte, 16)
	b[0], b[4] = 134, 64
	if r.managed {
		b[5] |= 0x80
	}
	if r.other {
		b[5] |= 0x40
	}
	binary.BigEndian.PutUint16(b[6:], 1800)
	if r.prefix.IsValid() {
		o := make([]byte, 32)
		o[0], o[1], o[2], o[3] = 3, 4, uint8(r.prefix.Bits()), 0xc0
		binary.BigEndian.PutUint32(o[4:], 7200)
		if !r.deprecated {
			binary.BigEndian.PutUint32(o[8:], 3600)
		}
		copy(o[16:], r.prefix.Addr().AsSlice())
		b = append(b, o...)
	}
	for i := range r.more {
		o := make([]byte, 32)
		o[0], o[1], o[2], o[3] = 3, 4, 64, 0x80
		binary.BigEndian.PutUint32(o[4:], 7200)
		o[16], o[23] = 0xfd, byte(i)
		b = append(b, o...)
	}
	if r.dns.IsValid() {
		o := make([]byte, 24)
		o[0], o[1] = 25, 3
		binary.BigEndian.PutUint32(o[4:], 1800)
		copy(o[8:], r.dns.AsSlice())
		b = append(b, o...)
	}
	return b
}

// configure does what a container's kernel makes of it.
func (r router6) configure(k *fakeKernel, netns string, a binding.Autoconf) {
	s := k.of(netns)
	s.Advertised, s.Gateway = true, routerAddr
	s.Managed, s.Other = r.managed && !k.six.flagless, r.other && !k.six.flagless
	if !r.prefix.IsValid() || !a.Addresses {
		return
	}
	host := r.prefix.Addr().As16()
	host[15] = 0x42
	addr := netip.PrefixFrom(netip.AddrFrom16(host), r.prefix.Bits())
	s.Addrs = slices.DeleteFunc(s.Addrs, func(a binding.Addr6) bool { return a.Prefix == addr })
	preferred := time.Hour
	if r.deprecated {
		preferred = 0
	}
	s.Addrs = append(s.Addrs, binding.Addr6{
		Prefix: addr, Preferred: preferred, Valid: 2 * time.Hour, Usable: true, Autoconf: true,
	})
	k.begin(addr.Addr())
}
