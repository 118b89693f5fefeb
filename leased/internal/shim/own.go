// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/attach"
	"podman-net-dhcp/internal/netns"
)

// Leaser gets leases for shims. The manager does.
type Leaser interface {
	// LeaseShim asks for a lease for the shim on a parent, and goes on asking in the background. It
	// takes over netns, which is found again at path. Tell says which address it is.
	LeaseShim(ctx context.Context, on string, netns *os.File, path string) error
	// ReturnShim gives the lease back.
	ReturnShim(ctx context.Context, on string) error
}

// own is the client of a shim's lease: a macvlan in a netns that lasts as long as leased does. The
// shim cannot be that client itself, among the host's interfaces: the server's answers to its
// address would come in by the parent. The macvlan in the netns does not get the address.
type own struct {
	ns     *netns.NS
	ended  chan struct{}
	err    error // of LeaseShim, when ended is closed
	cancel context.CancelFunc
}

// inOwn is the client's interface.
const inOwn = "eth0"

// returnTime bounds the giving back of a lease.
const returnTime = 2 * time.Second

// lease has a client for each parent that needs one, and for no other one.
func (k *Keeper) lease(ctx context.Context, uses []Use) (err error) {
	wanted := map[string]bool{}
	for _, u := range uses {
		wanted[u.Host] = wanted[u.Host] || !u.Own.IsValid()
	}
	for host, o := range k.own {
		if !wanted[host] {
			err = errors.Join(err, k.give(ctx, host))
			continue
		}
		select {
		case <-o.ended:
			if o.err != nil { // and tried again
				err = errors.Join(err, fmt.Errorf("get a lease for the shim on %s: %w", host, o.err))
				k.close(host)
			}
		default:
		}
	}
	for host, need := range wanted {
		if need && k.own[host] == nil && err == nil {
			err = k.ask(ctx, host)
		}
	}
	return err
}

// ask makes the client of a parent.
func (k *Keeper) ask(ctx context.Context, host string) error {
	ns, err := netns.New()
	if err != nil {
		return err
	}
	f, err := again(ns)
	if err != nil {
		ns.Close()
		return fmt.Errorf("make the client of the shim on %s: %w", host, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &own{ns: ns, ended: make(chan struct{}), cancel: cancel}
	k.own[host] = o
	go func() {
		defer close(o.ended)
		if o.err = k.Leases.LeaseShim(ctx, host, f, fmt.Sprintf("/proc/self/fd/%d", ns.FD())); o.err != nil {
			wake(k.heard)
		}
	}()
	return nil
}

// again returns another descriptor of the namespace.
func again(ns *netns.NS) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(ns.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("duplicate the descriptor of a network namespace: %w", err)
	}
	return os.NewFile(uintptr(fd), "network namespace"), nil
}

// give gives a lease back, and ends its client.
func (k *Keeper) give(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	err := k.Leases.ReturnShim(ctx, host)
	k.close(host)
	if err != nil {
		return fmt.Errorf("give back the lease of the shim on %s: %w", host, err)
	}
	return nil
}

// close ends a client.
func (k *Keeper) close(host string) {
	o := k.own[host]
	o.cancel()
	<-o.ended
	_ = attach.Delete(o.ns, inOwn, nil) // sockets may keep the namespace for some time, and the next client has this MAC
	o.ns.Close()
	delete(k.own, host)
	delete(k.knew, host)
}

// rest ends all that Run has begun. Leases and shims stay, for the next leased.
func (k *Keeper) rest() {
	for host := range k.own {
		k.close(host)
	}
	k.deafen()
}
