// SPDX-License-Identifier: Apache-2.0

package ipv6

import (
	"errors"

	"podman-net-dhcp/leased/internal/binding"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
)

// Off stands in a Driver's place under ipv6=off. It keeps the kernel from doing IPv6 by
// itself, beyond link-local addresses, and does nothing more.
type Off struct {
	Config
	told bool
}

// Queued tells the kernel while the start waits at the LAN's gate, which may take long.
func (o *Off) Queued() { o.Start() }

// Start tells the kernel, once.
func (o *Off) Start() {
	if o.told {
		return
	}
	o.told = true
	err := o.Kernel.Autoconf(o.Owner.Place(), binding.Autoconf{Interface: o.Request.Attachment.Interface})
	if err != nil && !errors.Is(err, binding.ErrNoIPv6) {
		o.Owner.Emit(event.Failed{What: "keep routers from configuring the container", Err: err})
	}
}

// Ready is true: no start waits for IPv6.
func (o *Off) Ready() bool { return true }

// Idle is true: there is no socket.
func (o *Off) Idle() bool { return true }

// Due is Never.
func (o *Off) Due() clock.Instant { return clock.Never }

// Prepare does nothing, as all that follows.
func (o *Off) Prepare() {}

// Tick does nothing.
func (o *Off) Tick() {}

// Rest does nothing.
func (o *Off) Rest(bool) {}

// Close does nothing.
func (o *Off) Close() {}

// Unbind does nothing.
func (o *Off) Unbind(string) {}

// Release does nothing.
func (o *Off) Release() { o.Owner.Settled() }
