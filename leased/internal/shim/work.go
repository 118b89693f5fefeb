// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/rtnetlink"
)

// nameOn names the shim after its parent: whoever configures the host's network leaves such names
// alone.
func nameOn(parent string) string {
	sum := sha256.Sum256([]byte("shim\x00" + parent))
	return attach.Prefix + hex.EncodeToString(sum[:])[:9]
}

// aliasOn is what `ip link` shows beside the name.
func aliasOn(parent string) string { return "net-dhcp: shim of the host on " + parent }

// isShim reports whether leased has made the link. A leased that was killed meanwhile has given it
// no alias.
func isShim(l rtnetlink.Link) bool {
	return l.Kind == "macvlan" && (l.Alias == "" && strings.HasPrefix(l.Name, attach.Prefix) || strings.HasPrefix(l.Alias, aliasOn("")))
}

// knownAs is the name that leased has given to a shim.
func knownAs(l rtnetlink.Link) string {
	if on, ok := strings.CutPrefix(l.Alias, aliasOn("")); ok {
		return nameOn(on)
	}
	return l.Name
}

func open(ns *netns.NS) (*rtnetlink.Conn, error) {
	c, err := netns.OrOwn(ns).Rtnetlink()
	if err != nil {
		return nil, err
	}
	if err := c.Strict(); err != nil {
		c.Close()
		return nil, fmt.Errorf("have rtnetlink filter: %w", err)
	}
	return c, nil
}

// work is one look at the shims.
type work struct {
	*rtnetlink.Conn
	ns      *netns.NS
	log     *slog.Logger
	changed bool
}

// find finds a shim, also if somebody has renamed it since it had the ifindex. It fails with ENODEV
// if there is none.
func (w *work) find(name string, index int) (rtnetlink.Link, error) {
	l, err := w.LinkByName(name)
	if !errors.Is(err, unix.ENODEV) || index == 0 {
		return l, err
	}
	l, err = w.LinkByIndex(index)
	if err == nil && (!isShim(l) || l.Alias == "") {
		err = unix.ENODEV
	}
	return l, err
}

// mend makes a shim as planned, and returns its ifindex.
func (w *work) mend(name string, index int, p plan) (now int, err error) {
	l, err := w.find(name, index)
	switch {
	case err == nil && !isShim(l):
		return 0, fmt.Errorf("the host has another interface %s, which is the shim's name on %s; give it another name", name, p.parent.Name)
	case err == nil && (l.Lower != p.parent.Index || l.Alias == ""):
		if err = w.drop(l); err == nil {
			l, err = w.raise(name, p)
		}
	case errors.Is(err, unix.ENODEV):
		l, err = w.raise(name, p)
	case err == nil && l.Flags&unix.IFF_UP == 0:
		err = w.up(l.Index)
	}
	if err != nil {
		return l.Index, fmt.Errorf("make the shim on %s: %w", p.parent.Name, err)
	}
	if err := w.mendAddrs(l.Index, p.own()); err != nil {
		return l.Index, fmt.Errorf("give the shim on %s its address: %w", p.parent.Name, err)
	}
	return l.Index, w.mendRoutes(l.Index, p)
}

// raise makes the link. It is up when everything else of it is as it should be.
func (w *work) raise(name string, p plan) (l rtnetlink.Link, err error) {
	const bridgeMode = 4 // MACVLAN_MODE_BRIDGE of linux/if_link.h
	w.changed = true
	attrs := []rtnetlink.Attr{
		rtnetlink.String(unix.IFLA_IFNAME, name),
		rtnetlink.Uint32(unix.IFLA_LINK, uint32(p.parent.Index)),
		rtnetlink.Nested(unix.IFLA_LINKINFO, rtnetlink.String(unix.IFLA_INFO_KIND, "macvlan"),
			rtnetlink.Nested(unix.IFLA_INFO_DATA, rtnetlink.Uint32(unix.IFLA_MACVLAN_MODE, bridgeMode))),
	}
	if mac, err := macOn(p.parent.Name); err == nil { // else a MAC of the kernel's choice
		attrs = append(attrs, rtnetlink.Attr{Type: unix.IFLA_ADDRESS, Value: mac})
	}
	if _, err = w.Ask(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, rtnetlink.LinkHeader(0, 0, 0), attrs...); err != nil {
		return l, err
	}
	if l, err = w.LinkByName(name); err != nil {
		return l, err
	}
	if err = w.withoutIPv6(name); err == nil {
		err = w.up(l.Index, rtnetlink.String(unix.IFLA_IFALIAS, aliasOn(p.parent.Name)), arp())
	}
	if err != nil {
		return l, errors.Join(err, w.drop(l))
	}
	w.log.Info("shim made", "link", name, "on", p.parent.Name, "addr", p.own())
	return l, nil
}

// macOn is the shim's MAC, the same each time: the containers' ARP tables stay right.
func macOn(parent string) (net.HardwareAddr, error) {
	return options.Options{}.LinkMAC(options.Identity{Network: "\x00shim", Interface: parent})
}

// arp has the shim answer containers, for all addresses of the host, and nobody else: to the LAN
// the parent answers. Its own questions name its own address, or the LAN would learn the shim's
// MAC for the host's address.
func arp() rtnetlink.Attr {
	const (
		inetConf         = 1 // IFLA_INET_CONF of linux/if_link.h
		filter, announce = 13, 18
	)
	return rtnetlink.Nested(unix.IFLA_AF_SPEC, rtnetlink.Nested(unix.AF_INET,
		rtnetlink.Nested(inetConf, rtnetlink.Uint32(filter, 1), rtnetlink.Uint32(announce, 2))))
}

// withoutIPv6 keeps the LAN's routers from configuring the host by the shim.
func (w *work) withoutIPv6(name string) error {
	return netns.OrOwn(w.ns).Sysctl(func(dir string) error {
		err := os.WriteFile(dir+"/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0)
		if errors.Is(err, os.ErrNotExist) { // the kernel has no IPv6
			err = nil
		}
		return err
	})
}

func (w *work) up(index int, attrs ...rtnetlink.Attr) error {
	w.changed = true
	_, err := w.Ask(unix.RTM_SETLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(index, unix.IFF_UP, unix.IFF_UP), attrs...)
	return err
}

func (w *work) drop(l rtnetlink.Link) error {
	w.changed = true
	_, err := w.Ask(unix.RTM_DELLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(l.Index, 0, 0))
	return err
}
