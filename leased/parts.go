// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/guard"
	"podman-net-dhcp/leased/internal/helper"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/links"
	"podman-net-dhcp/leased/internal/manager"
	"podman-net-dhcp/leased/internal/shim"
	"podman-net-dhcp/leased/internal/store"
	"podman-net-dhcp/leased/internal/wire"
)

// parts are what the tasks of leased work with.
type parts struct {
	config
	listener  *attended
	watcher   *netns.Watcher
	links     *links.Watcher
	sightings *wire.Sightings // nil: the kernel does not tell
	takings   *wire.Takings   // likewise
	dog       watchdog
	idle      *idle
	collector *collector
	leases    *manager.Manager
	ports     *guard.Guard
	vlans     *kernel.VLANs
	shims     *shim.Keeper
	up        chan struct{} // closed when systemd has heard that leased is ready

	opened []io.Closer
}

// open opens all parts, or those before the one that fails. The caller closes them
// in either case.
func open(c config) (*parts, error) {
	p := &parts{config: c, collector: newCollector(), up: make(chan struct{})}
	for _, part := range []func() error{p.listen, p.watch, p.guard, p.restore} {
		if err := part(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// close closes the parts, the first to be opened last.
func (p *parts) close() {
	for _, part := range slices.Backward(p.opened) {
		_ = part.Close()
	}
}

func (p *parts) listen() error {
	l, err := listen()
	if err != nil {
		return err
	}
	p.opened = append(p.opened, l)
	p.listener = attend(l)
	return nil
}

func (p *parts) watch() (err error) {
	if p.watcher, err = netns.Watch(); err != nil {
		return err
	}
	p.opened = append(p.opened, closer(p.watcher.Close))
	if p.links, err = links.Listen(nil); err != nil {
		return err
	}
	p.opened = append(p.opened, closer(p.links.Close))
	if p.sightings, err = wire.WatchSightings(nil); err != nil {
		p.log.Warn("a clone of this host is not noticed", "err", err)
	} else {
		p.opened = append(p.opened, closer(p.sightings.Close))
	}
	if p.takings, err = wire.WatchTakings(); err != nil {
		p.log.Warn("a flood of router advertisements to one container is not noticed", "err", err)
	} else {
		p.opened = append(p.opened, closer(p.takings.Close))
	}
	return nil
}

func (p *parts) guard() (err error) {
	lives := func(ctx context.Context) bool { return alive(ctx, p.leases, p.listener) }
	p.dog, err = newWatchdog(lives, func() { notify(p.log, daemon.SdNotifyWatchdog) })
	return err
}

// restore makes the manager, which reads the leases on disk. A lease that it cannot
// read is logged, and is no reason not to start.
func (p *parts) restore() error {
	state, err := store.Open(p.dir)
	if err != nil {
		return err
	}
	p.opened = append(p.opened, state)
	clk, err := clock.New()
	if err != nil {
		return err
	}
	p.opened = append(p.opened, clk)
	boot, err := bootID()
	if err != nil {
		return err
	}
	p.ports = guard.New(nil, p.log)
	p.opened = append(p.opened, p.ports)
	p.vlans = kernel.NewVLANs(nil, p.log)
	p.shims = shim.New(nil, p.log)
	p.idle = newIdle(p.idleAfter)
	p.leases, err = manager.New(manager.Config{
		Log: p.log, Clock: clk, Kernel: kernel.Linux{Guard: p.ports, VLANs: p.vlans, Helper: helperOf()}, Store: state, Memory: p.memories(), Working: p.working(), Rand: random,
		BootID: boot, Changed: p.idle.leases, Watch: p.links.Watch, Shim: p.shims.Tell, Worked: p.collector.worked,
	})
	if err != nil {
		p.log.Error("some leases on disk cannot be read", "err", err)
	}
	p.shims.Leases = p.leases
	return nil
}

// helperOf is the helper that systemd starts by its socket, or the program beside this one.
func helperOf() helper.Client {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return helper.Client{Socket: os.Getenv("LEASED_HELPER"), Program: filepath.Join(filepath.Dir(self), "helper")}
}

// memories opens the lease memory, which outlives a reboot. Without it, leases are as
// good as with it until the host reboots.
func (p *parts) memories() manager.Store {
	if p.memory == "" {
		return nil
	}
	m, err := store.OpenDurable(p.memory)
	if err != nil {
		p.log.Error("open the lease memory", "err", err)
		return nil
	}
	p.opened = append(p.opened, m)
	return m
}

// working marks who is at work. Without it, nobody comes last after a kill.
func (p *parts) working() *store.Working {
	w, err := store.OpenWorking(filepath.Clean(p.dir) + ".working")
	if err != nil {
		p.log.Warn("mark who is at work", "err", err)
	}
	return w
}

// closer is a function as an io.Closer.
type closer func()

func (c closer) Close() error { c(); return nil }

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:])
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}
