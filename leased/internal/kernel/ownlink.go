// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/binding"
)

// standInFor is how long making it may take: where a new container has the MAC by
// now there is no use in waiting.
const standInFor = 200 * time.Millisecond

// raise makes a link of our own on a host interface, in a namespace that lasts as
// long as it is open: leased's end takes both away. use opens what it is for;
// ipv6 is what the link is like in IPv6 (conf/default), nil: as the kernel has it.
func raise[T any](x Linux, on string, mac net.HardwareAddr, ipv6 map[string]string, use func(own raised, index int) (T, error)) (t T, err error) {
	ns, err := netns.New()
	if err != nil {
		return t, err
	}
	own, index := raised{ns, x.VLANs}, 0
	if err = sysctls6(ns, ipv6); err == nil {
		index, err = own.make(x, on, mac)
	}
	if err == nil {
		t, err = use(own, index)
	}
	if err != nil {
		own.delete()
		ns.Close()
		return t, fmt.Errorf("make a link of our own on %s: %w", on, err)
	}
	return t, nil
}

// raised is a namespace with a link of our own.
type raised struct {
	ns    *netns.NS
	vlans *VLANs
}

func (r raised) make(x Linux, on string, mac net.HardwareAddr) (index int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), standInFor)
	defer cancel()
	host, err := x.openHost()
	if err != nil {
		return 0, err
	}
	defer host.Close()
	var tag [4]byte
	_, _ = rand.Read(tag[:]) // never fails
	on, vlan := attach.SplitLAN(on)
	s := attach.Spec{
		Host: on, VLAN: vlan, Mode: "bridge", Interface: raisedName, MAC: mac,
		HostEnd: attach.Prefix + "-" + hex.EncodeToString(tag[:]), Alias: "leased's own",
	}
	link, err := host.Make(ctx, r.ns, s)
	r.vlans.made(s, link.Bridge)
	if err != nil {
		return 0, err
	}
	c := binding.NewConn(r.ns)
	defer c.Close()
	return c.Index(raisedName, mac)
}

const raisedName = "eth0"

// delete deletes the link.
func (r raised) delete() {
	_ = attach.Delete(r.ns, raisedName, nil)
	r.vlans.ended()
}

// sysctls6 sets what new links in ns are like in IPv6.
func sysctls6(ns *netns.NS, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	return ns.Sysctl(func(dir string) error {
		for key, value := range values {
			if err := os.WriteFile(dir+"/net/ipv6/conf/default/"+key, []byte(value), 0); err != nil {
				return fmt.Errorf("set up the link: %w", err)
			}
		}
		return nil
	})
}
