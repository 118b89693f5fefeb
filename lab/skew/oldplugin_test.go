// SPDX-License-Identifier: Apache-2.0

package skew_test

import (
	"context"
	"errors"
	"time"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
)

// The way of a plugin that makes the link itself and then asks leased for a lease. It must not
// follow the programs of this tree: such plugins are out there.

func (c *container) oldSetup() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	o, err := options.Parse(c.options)
	if err != nil {
		return err
	}
	r := wanted.Interface{Attachment: c.at, Netns: c.ns.Path, Options: o}
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return err
	}
	defer leased.Close()
	link, err := c.oldLink(ctx, r)
	if err != nil {
		return err
	}
	req, err := r.Lease(link)
	if err == nil {
		_, err = leased.Acquire(ctx, req)
	}
	if err != nil {
		return errors.Join(err, c.oldDelete())
	}
	return nil
}

func (c *container) oldLink(ctx context.Context, r wanted.Interface) (attach.Link, error) {
	spec, err := r.Link()
	if err != nil {
		return attach.Link{}, err
	}
	ns, err := netns.Open(c.ns.Path)
	if err != nil {
		return attach.Link{}, err
	}
	defer ns.Close()
	host, err := attach.OpenHost(c.h.lan.Host.Open())
	if err != nil {
		return attach.Link{}, err
	}
	defer host.Close()
	return host.Make(ctx, ns, spec)
}

func (c *container) oldTeardown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	leased, err := leaseapi.Dial(ctx)
	if err != nil {
		return err
	}
	defer leased.Close()
	return errors.Join(leased.Release(ctx, c.at), c.oldDelete())
}

// oldDelete deletes the link, which may be gone already.
func (c *container) oldDelete() error {
	ns, err := netns.Open(c.ns.Path)
	if err != nil {
		return err
	}
	defer ns.Close()
	return attach.Delete(ns, c.at.Interface, nil)
}
