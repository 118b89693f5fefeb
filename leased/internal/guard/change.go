// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// readyLocked makes the table if this is the first call.
func (g *Guard) readyLocked() error {
	if g.conn != nil || g.none {
		return nil
	}
	conn, err := g.open(g.host)
	if err == nil {
		g.conn = conn
		if err = g.standLocked(); err != nil {
			g.conn = nil
			conn.Close()
		}
	}
	if known := len(g.ports) + len(g.ended); isAbsent(err) && known == 0 { // else a link has just gone
		g.none = true
		g.log.Warn("this kernel cannot guard the ports of containers (nftables, family netdev): a container can pose as DHCP server or router", "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the nftables table netdev %s, which guards the ports of containers (guard=off does without it): %w", table, err)
	}
	return nil
}

// standLocked replaces the table. A port whose link goes meanwhile makes it try again.
func (g *Guard) standLocked() (err error) {
	for range 2 {
		var ports []port
		if ports, err = g.livingLocked(); err != nil {
			return err
		}
		err = g.sendLocked(everything(g.flags, ports)...)
		if g.owned = err == nil && g.flags != 0; (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL)) && g.flags != 0 {
			// A kernel before 6.9. Without "persist" an owner's table ends with the owner.
			if err = g.sendLocked(everything(0, ports)...); err == nil {
				g.flags = 0
			}
		}
		if !errors.Is(err, unix.ENOENT) {
			break
		}
	}
	return err
}

// livingLocked forgets the ports whose links are gone, and returns the others. A link has
// its present name, which an administrator may have changed.
func (g *Guard) livingLocked() (living []port, err error) {
	links, err := g.links()
	if err != nil {
		return nil, err
	}
	defer links.Close()
	here := func(p port) bool {
		link, err := links.LinkByIndex(p.index)
		if p.link = link.Name; err == nil {
			living = append(living, p)
		}
		return !errors.Is(err, unix.ENODEV)
	}
	maps.DeleteFunc(g.ports, func(_ string, p port) bool { return !here(p) })
	g.ended = slices.DeleteFunc(g.ended, func(p port) bool { return !here(p) })
	return living, nil
}

// changeLocked sends a batch. g.ports is what is to be afterwards: if something is missing that
// was there, the whole table is made again.
func (g *Guard) changeLocked(batch ...message) error {
	if len(batch) == 0 {
		return nil
	}
	err := g.sendLocked(batch...)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EEXIST) {
		err = g.standLocked()
	}
	return err
}

// lookLocked makes the table again if the port's rules are not there.
func (g *Guard) lookLocked(p port) error {
	if g.owned {
		return nil
	}
	err := ask(g.conn, unix.NFT_MSG_GETSETELEM, inSet(macs, p.macKey())...)
	if err == nil {
		err = ask(g.conn, unix.NFT_MSG_GETCHAIN, rtnetlink.String(unix.NFTA_CHAIN_TABLE, table), rtnetlink.String(unix.NFTA_CHAIN_NAME, p.chain()))
	}
	if !errors.Is(err, unix.ENOENT) {
		return err
	}
	g.log.Warn("the nftables table netdev leased was changed by another program; it is made again")
	return g.standLocked()
}

// sweepLocked removes the rules of ended ports whose links are gone. A failure leaves rules
// that match nothing.
func (g *Guard) sweepLocked() {
	if len(g.ended) == 0 || g.conn == nil {
		return
	}
	links, err := g.links()
	if err != nil {
		return
	}
	defer links.Close()
	g.ended = slices.DeleteFunc(g.ended, func(p port) bool {
		_, err := links.LinkByIndex(p.index)
		if !errors.Is(err, unix.ENODEV) {
			return false
		}
		// Before Linux 6.16 the chain has gone with the link.
		_ = g.sendLocked(del(unix.NFT_MSG_DELCHAIN, rtnetlink.String(unix.NFTA_CHAIN_TABLE, table), rtnetlink.String(unix.NFTA_CHAIN_NAME, p.chain())))
		none := port{index: p.index}
		_ = g.sendLocked(append(none.replace(p.addrs), element(del, unix.NFT_MSG_DELSETELEM, macs, p.macKey()))...)
		return true
	})
}

func (g *Guard) sendLocked(batch ...message) error { return send(g.conn, batch...) }
