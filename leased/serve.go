// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"podman-net-dhcp/leased/internal/server"
	"podman-net-dhcp/leased/internal/wire"
)

type config struct {
	dir, memory string        // of the stores; memory is empty: no lease memory
	policy      string        // its directory
	idleAfter   time.Duration // 0: leased is never idle
	log         *slog.Logger
}

// serve runs until ctx ends, or with errIdle when leased has been idle for long enough.
// Leases are kept: the next leased finds them in the state directory.
func serve(ctx context.Context, c config) error {
	p, err := open(c)
	defer p.close()
	if err != nil {
		return err
	}
	err = p.tasks().run(ctx, p.started)
	p.log.Info("stopped", "leases", p.leases.Len())
	return err
}

func (p *parts) started() {
	notify(p.log, daemon.SdNotifyReady)
	p.log.Info("serving", "addr", p.listener.Addr(), "leases", p.leases.Len())
	close(p.up)
}

// tasks are the tasks of leased. When leased stops, callers can no longer ask, then the
// exchanges under way end, and then leased stops to watch.
func (p *parts) tasks() tasks {
	s := &server.Server{Leases: p.leases, Judge: newJudge(p.policy, p.log), Log: p.log, Changed: p.peers}
	return tasks{
		{name: "give memory back", run: p.collector.run},
		{name: "watch network namespaces", run: p.watchNetns},
		{name: "watch the host's links", run: p.watchLinks},
		{name: "watch for clones", run: p.watchClones},
		{name: "watch what containers take of routers", run: p.watchTakings},
		{name: "keep the host's shims", run: p.shims.Run},
		{name: "count leases and callers", run: p.idle.run},
		{name: "remove VLAN devices", run: p.vlans.Run},
		{name: "manage leases", run: p.manage},
		{name: "tell systemd of the stop", run: p.stopping},
		{name: "serve callers", run: func(ctx context.Context) error { return s.Serve(ctx, p.listener) }, ready: p.listener.ready},
		{name: "ping the watchdog", run: p.ping},
	}
}

// peers tells of a caller that has come (1) or gone (-1).
func (p *parts) peers(by int) {
	p.idle.peers(by)
	p.collector.peers(by)
}

// manage returns when every packet socket is closed, so that leased leaves no network
// namespace pinned.
func (p *parts) manage(ctx context.Context) error {
	p.leases.Run(ctx)
	wire.Flush()
	return nil
}

// watchNetns tells the manager which network namespaces have ended.
func (p *parts) watchNetns(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.watcher.Close)()
	for {
		ended, missed, err := p.watcher.Next()
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil: // leases are renewed all the same
			p.log.Error("watch network namespaces; a container that dies is noticed at its renewal only", "err", err)
			return nil
		}
		p.leases.NetnsEnded(ended, missed)
	}
}

// watchLinks tells the manager what has changed about the links that containers hang on.
func (p *parts) watchLinks(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.links.Close)()
	for {
		n, err := p.links.Next()
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil: // leases are renewed all the same
			p.log.Error("watch the host's links; a container that is cut off from the LAN stays so", "err", err)
			return nil
		}
		for _, h := range n.Hosts {
			p.leases.HostChanged(h.Name, h.Trouble, h.Back)
		}
		if n.Missed {
			p.leases.PortsMissed(n.Plugged)
		} else if len(n.Ports) > 0 {
			p.leases.PortsChanged(n.Ports)
		}
	}
}

// betweenSightings bounds the time for machines on the LAN that send from ever new MACs.
const betweenSightings = 5 * time.Millisecond

// watchClones tells the manager where the host's bridges hear a container's MAC.
func (p *parts) watchClones(ctx context.Context) error {
	if p.sightings == nil {
		return nil
	}
	defer context.AfterFunc(ctx, p.sightings.Close)()
	for {
		all, err := p.sightings.Next()
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil: // leases are as good without
			p.log.Error("a clone of this host is not noticed any more", "err", err)
			return nil
		}
		for _, s := range all {
			if !p.leases.HasMAC(s.MAC) {
				continue
			}
			if port, bridge, uplink, err := p.sightings.From(s); err == nil && uplink { // else the port is gone
				p.leases.Sighted(s.MAC, bridge, port)
			}
		}
		select {
		case <-time.After(betweenSightings):
		case <-ctx.Done():
		}
	}
}

// takingsAtOnce and betweenTakings bound the time for containers' kernels that take something of
// routers all the time: of a flood enough is left in the socket.
const takingsAtOnce, betweenTakings = 64, 10 * time.Millisecond

// watchTakings tells the manager what containers' kernels take of routers.
func (p *parts) watchTakings(ctx context.Context) error {
	if p.takings == nil {
		return nil
	}
	defer context.AfterFunc(ctx, p.takings.Close)()
	for n := 1; ; n++ {
		t, err := p.takings.Next()
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil: // leases are as good without
			p.log.Error("a flood of router advertisements to one container is not noticed any more", "err", err)
			return nil
		}
		p.leases.RouterTaken(t.Netns, t.Index, t.Mark)
		if n%takingsAtOnce > 0 {
			continue
		}
		select {
		case <-time.After(betweenTakings):
		case <-ctx.Done():
		}
	}
}

// stopping tells systemd that leased goes down, once the server has stopped.
func (p *parts) stopping(ctx context.Context) error {
	<-ctx.Done()
	notify(p.log, daemon.SdNotifyStopping)
	return nil
}

// ping pings the watchdog of systemd, which first hears that leased is ready.
func (p *parts) ping(ctx context.Context) error {
	select {
	case <-p.up:
		return p.dog.run(ctx)
	case <-ctx.Done():
		return nil
	}
}

func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("notify systemd", "err", err)
	}
}
