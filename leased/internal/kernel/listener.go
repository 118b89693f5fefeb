// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"crypto/rand"
	"net"
	"sync"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/wire"
)

// LANRouters makes a link on the LAN that hears router advertisements and says nothing.
func (x Linux) LANRouters(host string) (RoutersConn, error) {
	mac := make(net.HardwareAddr, 6)
	_, _ = rand.Read(mac) // never fails
	mac[0] = mac[0]&^1 | 2
	return raise(x, host, mac, map[string]string{"disable_ipv6": "1"}, func(own raised, index int) (*listenerLink, error) {
		r, err := wire.OpenRouters(own.ns, index)
		return &listenerLink{Routers: r, raised: own}, err
	})
}

// comesUp is how long a router's own link-local address may take after its link: DAD begins
// within a second and takes a second (RFC 4862 §5.4.2), and some more.
const comesUp = 3 * time.Second

// JustUp reports whether the LAN behind a host interface has come up just now, as far as the
// host can tell. A router on it may not be able to advertise yet.
func (l Linux) JustUp(host string) bool {
	host, _ = attach.SplitLAN(host)
	age, ok := binding.Age6(l.Host, host)
	return ok && age < comesUp
}

type listenerLink struct {
	*wire.Routers
	raised
	once sync.Once
}

// Close closes the socket first, which is to say why nothing comes any more.
func (o *listenerLink) Close() {
	o.Routers.Close()
	o.once.Do(func() {
		o.delete()
		o.ns.Close()
	})
}
