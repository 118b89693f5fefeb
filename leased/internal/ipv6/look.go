// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/lease6"
)

// LookDue reports whether the kernel is to be looked at now.
func (d *Driver) LookDue() bool { return d.on() && d.cfg.Owner.Now() >= d.lookAt }

// Look looks at what the kernel has, and draws the consequences. Nothing that runs
// inside a step calls it: a step that makes a look due sets lookAt.
func (d *Driver) Look() {
	o := d.cfg.Owner
	o.LAN().Subscribe(o.Starting())
	if o.Now() < d.lookFrom {
		d.putOff(d.lookFrom)
		return
	}
	began := o.Now()
	seen, err := d.cfg.Kernel.Look6(o.Place())
	d.lookFrom = nextAllowed(began, o.Now(), err)
	switch {
	case kernel.IsGone(err):
		o.Lost(err)
		return
	case err != nil:
		d.lookFailed(err)
		return
	}
	was := d.seen
	d.seen = seen
	if d.isReset() {
		d.setAgain()
		return
	}
	d.heed()
	s, since := d.sense(), d.lackedAt
	d.lackedAt = s.lackedAt()
	if d.lackedAt == clock.Never {
		d.worked, d.told = true, false
	}
	revives := d.lives() && d.lackedAt != clock.Never && !seen.LinkLocalFailed
	if why := s.lacks(); why != "" && !revives {
		d.fail(why)
		return
	}
	d.solicit()
	if d.lookAt = d.nextLook(); revives && !d.revive(since, s.lacks()) {
		return
	}
	d.hearNames()
	d.emitChanges(was, seen)
	d.advertise(was)
	d.duplicates()
	if d.goesOn() {
		d.putBack(was)
	}
	if d.goesOn() {
		d.want()
	}
	if d.goesOn() {
		d.publish(was)
		d.remember()
	}
}

// isReset reports whether the kernel has lost what it was told: an MTU below 1280, which the
// container may set, takes IPv6 and its settings off the interface.
func (d *Driver) isReset() bool {
	return d.seen.Plain && d.seen.LinkLocal.IsValid() && d.cfg.Request.Client.Secret != [16]byte{} && !d.cfg.Owner.Starting()
}

// setAgain tells the kernel again, which restarts its IPv6, and then puts back what DHCPv6 brought.
func (d *Driver) setAgain() {
	o := d.cfg.Owner
	if d.autoconf(); !d.goesOn() {
		return
	}
	d.again, d.lookAt, d.lookFrom = o.Now(), o.Now().Add(atRest), o.Now().Add(atRest)
}

// remember has a new lease outlive a reboot, with the names that a caller was told.
func (d *Driver) remember() {
	if d.rebound {
		d.rebound = false
		d.cfg.Owner.Remember()
	}
}

func (d *Driver) lookFailed(err error) {
	o := d.cfg.Owner
	o.Emit(event.Failed{What: "look at the container's IPv6 addresses", Err: err})
	d.putOff(max(d.lookFrom, o.Now().Add(atRest)))
}

// putOff has the next look at t. A start is answered in its time all the same.
func (d *Driver) putOff(t clock.Instant) {
	o := d.cfg.Owner
	d.lookAt = t
	if o.Now() < d.until {
		d.lookAt = min(t, d.until)
	}
	if o.Starting() && o.Complete() {
		o.Publish()
	}
}

// The container decides how long a look takes. leased spends at most a tenth of its time on
// one container: none looks again for ten times what the last look took. Quick looks do not
// count, since they can be slow because the host is busy.
const (
	quickLook = 5 * time.Millisecond
	lookShare = 10
	// tooManyRest is the time without looks after binding.ErrTooMany.
	tooManyRest = time.Minute
)

// nextAllowed is when the kernel may be looked at again after a look from began to ended.
func nextAllowed(began, ended clock.Instant, err error) clock.Instant {
	took := ended.Sub(began)
	switch {
	case errors.Is(err, binding.ErrTooMany):
		return ended.Add(max(tooManyRest, lookShare*took))
	case took > quickLook:
		return ended.Add(lookShare * took)
	}
	return ended
}

// hearNames keeps what routers say of DNS: the last word, where no router is heard.
func (d *Driver) hearNames() {
	if said := d.cfg.Owner.LAN().Advertised(); said.Any {
		d.said.Servers, d.said.Search = said.DNS, said.Search
	}
}

// want has DHCPv6 do what the routers, or the user, ask for. An exchange that was begun
// goes on until its server ends it.
func (d *Driver) want() {
	if want := d.sense().wanted(); want > d.level && d.seen.LinkLocal.IsValid() {
		d.level = want
		d.step(lease6.Wanted{Addresses: want == stateful, Remembered: d.remembered})
	}
}

// duplicates declines the addresses whose DAD has failed since the last look: the kernel
// removes such an address, or marks it. An address that is gone without DAD was removed
// by something in the container.
func (d *Driver) duplicates() {
	unsure := d.unsure
	d.unsure = nil
	var failed []netip.Addr
	for _, addr := range unsure {
		i := slices.IndexFunc(d.seen.Addrs, func(a binding.Addr6) bool { return a.Prefix.Addr() == addr })
		switch {
		case i < 0 && !d.seen.LinkLocal.IsValid(): // the container has removed all
		case i < 0 || d.seen.Addrs[i].Failed:
			failed = append(failed, addr)
		case !d.seen.Addrs[i].Settled:
			d.unsure = append(d.unsure, addr)
		}
	}
	for _, addr := range failed {
		if !d.goesOn() {
			return
		}
		d.cfg.Owner.Emit(event.Duplicate6{Addr: addr})
		d.step(lease6.DuplicateFound{Addr: addr})
	}
}

// advertise tells the LAN of each address whose DAD is over since the last look: the
// neighbors' caches may still have the MAC that the same container had before (RFC 4861
// §7.2.6).
func (d *Driver) advertise(was binding.State6) {
	for _, a := range d.seen.Addrs {
		if old, had := find(was, a); !had || old.Settled || !a.Settled || a.Failed {
			continue
		}
		err := d.cfg.Kernel.Advertise(d.cfg.Owner.Place(), a.Prefix.Addr())
		if err != nil && !kernel.IsGone(err) {
			d.cfg.Owner.Emit(event.AdvertiseFailed{Addr: a.Prefix.Addr(), Err: err})
		}
	}
}

// publish tells others where something has changed.
func (d *Driver) publish(was binding.State6) {
	o := d.cfg.Owner
	waited := d.began != clock.Never && o.Now() >= d.began.Add(solicitWait)
	switch starting := o.Starting(); {
	case starting && o.Complete():
		o.LAN().ExitGate(lan.TimedOut) // where IPv4 has not left it
	case starting && d.only() && waited:
		o.LAN().ExitGate(lan.TimedOut)
		return
	case starting, !o.Renamed() && same(was, d.seen):
		return
	}
	o.Publish()
}

// atRest is the time between two looks that advertisements make due.
const atRest = time.Second
