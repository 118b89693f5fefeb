// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"context"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/record"
)

const (
	// A router answers a solicitation within MAX_RA_DELAY_TIME, half a second (RFC 4861
	// §10). The first start on a LAN without a router waits that long. The next ones do
	// not wait, as long as the LAN's listener hears no router.
	solicitWait = 700 * time.Millisecond
	// dadBegins is when optimistic DAD has begun, or will not be optimistic.
	dadBegins = 50 * time.Millisecond
	// solicitAgain is the time to the next solicitation on a LAN that has come up just now.
	solicitAgain = 300 * time.Millisecond
	// Linux solicits three times, 4 s apart (RFC 4861 §6.3.7), and may be answered alone.
	solicits = 12 * time.Second
	// floodRest is for how long a container takes nothing of routers after the first flood to it
	// alone, and the next rest is twice as long: what the kernel has taken may stay for ever.
	floodRest = 10 * time.Minute
)

// seek asks the LAN's routers what there is.
func (d *Driver) seek() {
	if d.on() {
		d.openRouters()
		d.Look()
	}
}

// solicit asks the routers of the LAN. It sends from the link-local address as soon as
// routers can find that address, or from none where this takes long: the kernel's own
// solicitations begin when DAD is over.
func (d *Driver) solicit() {
	o := d.cfg.Owner
	now := o.Now()
	if now < d.solicitAt || !d.seen.LinkLocal.IsValid() && now < d.began.Add(dadBegins) {
		return
	}
	d.solicitAt = clock.Never
	if d.justUp && now < d.until && !d.seen.Advertised {
		d.solicitAt = now.Add(solicitAgain)
	}
	if err := d.cfg.Kernel.Solicit(o.Place(), d.seen.LinkLocal); err != nil {
		o.Emit(event.Failed{What: "solicit routers", Err: err})
	}
}

// openRouters hears in the container what a router answers the container alone. Without
// it the LAN's listener, the kernel and time tell the same later.
func (d *Driver) openRouters() {
	o := d.cfg.Owner
	routers, err := d.cfg.Kernel.Routers(o.Place())
	if err != nil {
		o.Emit(event.Failed{What: "listen to routers", Err: err})
		return
	}
	d.routers = routers
	o.Spawn(func(ctx context.Context) { o.LAN().Overhear(ctx, routers) })
}

func (d *Driver) closeRouters() {
	if d.routers != nil {
		d.routers.Close()
		d.routers = nil
	}
}

// Advertised is called for an advertisement that concerns the attachment. The kernel is
// looked at immediately where a start waits, else after a second, and at most once a second.
func (d *Driver) Advertised() {
	o := d.cfg.Owner
	if !d.on() || !o.LAN().Subscribed() {
		return
	}
	if !d.deaf {
		d.heed()
	}
	if o.Starting() {
		d.Look()
		return
	}
	d.lookAt = min(d.lookAt, max(d.lookFrom, o.Now().Add(atRest)))
}

// listens reports whether router advertisements are heard, by the LAN's listener or by
// the container's own.
func (d *Driver) listens() bool { return d.routers != nil || d.cfg.Owner.LAN().Listening() }

// heed keeps a flood of advertisements out of the container's kernel, which has a route for
// each prefix and each router of them, and no bound. What the container had before stays for
// as long as the routers have said. A leased that was killed meanwhile leaves a deaf kernel, and
// a record that says so: a kernel may be deaf by its user's sysctl, too.
func (d *Driver) heed() {
	o := d.cfg.Owner
	flood := o.LAN().Advertised().Flood || o.Now() < d.flood.Until
	if flood == d.deaf && (!flood || d.seen.Deaf) {
		return
	}
	news := flood != d.deaf && !o.Starting()
	d.deaf = flood
	if news && flood {
		o.Publish()
	}
	if err := d.cfg.Kernel.Heed(o.Place(), d.settings(), !flood); err != nil && !kernel.IsGone(err) {
		o.Emit(event.Failed{What: "say whether the container listens to routers", Err: err})
	}
	if news && !flood {
		o.Publish()
	}
}

// Flooded is called when the container's kernel takes more of router advertisements than the
// LAN's routers have to say: somebody sends them to the container alone, or a program in it
// makes such routes itself.
func (d *Driver) Flooded() {
	if !d.on() {
		return
	}
	o := d.cfg.Owner
	if o.LAN().Advertised().Flood || o.Now() < d.flood.Until { // the kernel takes nothing
		return
	}
	d.flood.Rest = min(max(floodRest, 2*d.flood.Rest), record.MaxFloodRest)
	d.flood.Until = o.Now().Add(d.flood.Rest)
	o.Emit(event.Flooded6{Rest: d.flood.Rest})
	d.heed()
	d.lookAt = min(d.lookAt, d.flood.Until)
}
