// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// plan is how a parent's shim should be.
type plan struct {
	parent rtnetlink.Link
	routes map[netip.Addr]netip.Addr // the containers' addresses, and the shim's for each
}

// own are the shim's addresses: each network on the parent may name another one.
func (p plan) own() (all []netip.Addr) {
	for _, own := range p.routes {
		if !slices.Contains(all, own) {
			all = append(all, own)
		}
	}
	return all
}

// waits reports whether the shim's address is not known yet.
func (p plan) waits() bool { return len(p.routes) == 0 }

// keep makes the kernel as the uses say, and reports whether it changed something. The error
// names all that could not be done.
func (k *Keeper) keep(ctx context.Context) (changed bool, err error) {
	uses, leases := k.used()
	if len(uses)+len(k.made)+len(k.own) == 0 && k.swept {
		return false, nil
	}
	noLease := k.lease(ctx, uses)
	changed, err = k.mend(uses, leases)
	return changed, errors.Join(noLease, err)
}

// mend makes the links, addresses and routes as they should be.
func (k *Keeper) mend(uses []Use, leases map[string]netip.Addr) (changed bool, err error) {
	if len(uses) > 0 { // first, so that nothing is missed
		if err := k.listen(); err != nil {
			return false, err
		}
	}
	c, err := open(k.ns)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if err := k.sweep(c); err != nil {
		return false, err
	}
	plans, err := k.planned(c, uses, leases)
	w := work{Conn: c, ns: k.ns, log: k.log}
	for name := range k.made {
		if _, wanted := plans[name]; !wanted {
			err = errors.Join(err, k.remove(&w, name))
		}
	}
	indexes := map[int]bool{}
	for name, p := range plans {
		if p.waits() {
			continue
		}
		index, trouble := w.mend(name, k.made[name], p)
		k.made[name] = index
		indexes[p.parent.Index], indexes[index] = true, true
		err = errors.Join(err, trouble)
	}
	switch {
	case len(uses)+len(k.made) == 0:
		k.deafen()
	case k.ears != nil:
		k.ears.want(uses, indexes)
	}
	return w.changed, err
}

// sweep finds the shims of an earlier leased, once.
func (k *Keeper) sweep(c *rtnetlink.Conn) (err error) {
	if k.swept {
		return nil
	}
	for range 5 {
		err = c.Dump(unix.RTM_GETLINK, rtnetlink.LinkHeader(0, 0, 0), func(body []byte) error {
			if l, err := rtnetlink.ParseLink(body); err == nil && isShim(l) {
				k.made[knownAs(l)] = l.Index
			}
			return nil
		})
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("find the shims that there are: %w", err)
	}
	k.swept = true
	return nil
}

// planned are the plans by the shim's name. A parent that is not there has none: its macvlans
// went with it, the shim among them.
func (k *Keeper) planned(c *rtnetlink.Conn, uses []Use, leases map[string]netip.Addr) (plans map[string]plan, err error) {
	plans = map[string]plan{}
	parents := map[string]rtnetlink.Link{}
	for _, u := range uses {
		on, known := parents[u.Host]
		if !known {
			var trouble error
			if on, trouble = c.LinkByName(u.Host); trouble != nil && !errors.Is(trouble, unix.ENODEV) {
				err = errors.Join(err, fmt.Errorf("find %s: %w", u.Host, trouble))
			}
			parents[u.Host] = on
		}
		if on.Index != 0 {
			err = errors.Join(err, k.plan(plans, on, u, leases[u.Host]))
		}
	}
	return plans, err
}

// plan adds a use to the plans. A shim without an address is not in them, unless it has not heard of
// its lease yet since leased has begun: it waits then, as an earlier leased has made it.
func (k *Keeper) plan(plans map[string]plan, on rtnetlink.Link, u Use, lease netip.Addr) error {
	name, from := nameOn(on.Name), u.Own
	if !from.IsValid() {
		from = lease
		k.knew[u.Host] = k.knew[u.Host] || lease.IsValid()
	}
	if !from.IsValid() && k.knew[u.Host] {
		return nil
	}
	if _, is := plans[name]; !is {
		plans[name] = plan{on, map[netip.Addr]netip.Addr{}}
	}
	if u.Addr == from {
		return fmt.Errorf("a container has the address %s, which is the shim's on %s; take it out of the DHCP server's pool", u.Addr, on.Name)
	}
	if from.IsValid() {
		plans[name].routes[u.Addr] = from
	}
	return nil
}

// remove removes a shim, and with it its address and routes.
func (k *Keeper) remove(w *work, name string) error {
	l, err := w.find(name, k.made[name])
	if err == nil && isShim(l) {
		if err = w.drop(l); err == nil {
			k.log.Info("shim removed", "link", name, "on", strings.TrimPrefix(l.Alias, aliasOn("")))
		}
	}
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	delete(k.made, name)
	return nil
}
