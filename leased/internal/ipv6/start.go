// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"time"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
	"podman-net-dhcp/leased/internal/request"
)

// confirmDelay is CNF_MAX_DELAY (RFC 8415 §7.6).
const confirmDelay = time.Second

// Queued is called when the start waits at the LAN's gate.
func (d *Driver) Queued() {}

// Prepare is called before the first message of either family. It tells the kernel what
// to do about IPv6: the link-local address has finished DAD, or may be used all the same
// (RFC 4429), when the first message of IPv6 goes out.
func (d *Driver) Prepare() {
	if d.resumed {
		d.Restarted()
		return
	}
	d.await()
	d.autoconf()
}

// Start asks the LAN's routers.
func (d *Driver) Start() {
	switch {
	case !d.resumed:
		d.seek()
	case d.only(): // it waits for no server of IPv4's
		d.cfg.Owner.LAN().ExitGate(lan.TimedOut)
	}
}

// Restarted goes on after a restart of leased. Only a server can tell whether the
// container is still on the same link (RFC 8415 §18.2.3).
func (d *Driver) Restarted() {
	if d != nil {
		d.confirmAt = d.cfg.Owner.Now().Add(time.Duration(d.cfg.Rand() % uint64(confirmDelay)))
		d.Look()
	}
}

// LinkChanged follows a time in which the link did not lead to the LAN. Its routers may be other
// ones, which the kernel does not ask: its end of a veth is up all the time.
func (d *Driver) LinkChanged() {
	if d.on() {
		d.await()
		d.Restarted()
	}
}

// Rejoined is called when a caller asks again. If leased was restarted before any caller
// was told of the result, this caller waits for it.
func (d *Driver) Rejoined() {
	if d != nil && d.unshown {
		d.unshown = false
		d.await()
		d.seek()
	}
}

// await begins the time for which a start waits for IPv6.
func (d *Driver) await() {
	now := d.cfg.Owner.Now()
	d.began, d.looks, d.solicitAt, d.justUp, d.asked = now, 0, now, false, false
	d.until = now.Add(d.cfg.Request.Policy.IPv6Timeout)
}

// StopWaiting has no start wait for IPv6 any longer.
func (d *Driver) StopWaiting() {
	if d != nil {
		d.until = 0
	}
}

func (d *Driver) autoconf() {
	o := d.cfg.Owner
	err := d.cfg.Kernel.Autoconf(o.Place(), d.settings())
	switch {
	case kernel.IsGone(err):
		o.Lost(err)
	case err != nil:
		d.fail(err.Error())
	}
}

func (d *Driver) settings() binding.Autoconf {
	r := d.cfg.Request
	return binding.Autoconf{
		Interface: r.Attachment.Interface, Accept: true, Addresses: d.mode() != request.IPv6DHCP, Secret: r.Client.Secret,
		NoDefaultRoute: r.Policy.NoDefaultRoute, Metric: r.Policy.Metric,
		Routes: r.Policy.RARoutes && !r.Policy.NoRoutes,
	}
}

// fail ends all about IPv6. IPv4 goes on.
func (d *Driver) fail(why string) {
	o := d.cfg.Owner
	o.Emit(event.NoIPv6{Reason: why})
	d.Close()
	d.remove()
	d.failed = why
	d.seen = binding.State6{}
	o.LAN().Unsubscribe()
	switch {
	case d.only():
		d.hopeless(why)
	case o.Complete():
		o.Publish()
	}
}

// rest schedules nothing any more.
func (d *Driver) rest() {
	d.lookAt, d.again, d.confirmAt = clock.Never, clock.Never, clock.Never
}
