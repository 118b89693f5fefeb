// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/manager"
	"podman-net-dhcp/leased/internal/server"
	"podman-net-dhcp/leased/internal/store"
	"podman-net-dhcp/leased/internal/wire"
)

// debugging are the flags of serve that only a debug build has.
var debugging []cli.Flag

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the daemon, on systemd's socket or one of its own",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "state-dir", Value: store.DefaultDir, Usage: "where live leases are kept"},
			&cli.StringFlag{Name: "memory-dir", Value: store.DefaultMemoryDir, Usage: "where is kept what outlives a reboot; empty: nothing does"},
			&cli.DurationFlag{Name: "idle-timeout", Usage: "exit after this long without leases and callers; 0: never"},
			&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error"},
		}, debugging...),
		Before: alone,
		Action: func(c *cli.Context) error {
			ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
			defer stop()
			log, err := logger(c.String("log-level"))
			if err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				// A heap of some MB is collected in no time, and what garbage adds to it
				// stays with a host's memory for good.
				debug.SetGCPercent(50)
			}
			return serve(ctx, config{dir: c.String("state-dir"), memory: c.String("memory-dir"), idle: c.Duration("idle-timeout"), log: log})
		},
	}
}

type config struct {
	dir, memory string
	idle        time.Duration
	log         *slog.Logger
}

// serve runs until ctx ends, or with errIdle when leased has been idle for long enough.
// Leases are kept: the next leased finds them in the state directory.
func serve(ctx context.Context, c config) error {
	listener, err := listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	state, err := store.Open(c.dir)
	if err != nil {
		return err
	}
	defer state.Close()
	memory, done := openMemory(c)
	defer done()
	clk, err := clock.New()
	if err != nil {
		return err
	}
	defer clk.Close()
	boot, err := bootID()
	if err != nil {
		return err
	}
	watcher, err := netns.Watch()
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	defer work.Wait()
	defer watcher.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	idle := newIdle(c.idle, func() { stop(errIdle) })
	working, finish := context.WithCancel(context.WithoutCancel(ctx))
	defer finish()
	leases, err := manager.New(working, manager.Config{
		Log: c.log, Clock: clk, Kernel: kernel.Linux{}, Store: state, Memory: memory, Rand: random,
		BootID: boot, Changed: idle.leases,
	})
	if err != nil {
		c.log.Error("read the leases on disk", "err", err)
	}
	work.Go(func() { obituaries(watcher, leases, c.log) })
	work.Go(func() { idle.show(working) })
	err = run(ctx, finish, c.log, leases, &server.Server{Leases: leases, Log: c.log, Changed: idle.peers}, listener)
	if err == nil && context.Cause(ctx) == errIdle {
		return errIdle
	}
	return err
}

// openMemory opens what outlives a reboot. Without it leases are as good as with it
// until there is one.
func openMemory(c config) (memory manager.Store, done func()) {
	if c.memory == "" {
		return nil, func() {}
	}
	m, err := store.OpenDurable(c.memory)
	if err != nil {
		c.log.Error("open what outlives a reboot", "err", err)
		return nil, func() {}
	}
	return m, func() { m.Close() }
}

// run ends in order: first nobody may ask any more, then what is under way ends.
func run(ctx context.Context, finish func(), log *slog.Logger, m *manager.Manager, s *server.Server, l net.Listener) error {
	door := &attended{Listener: l}
	dog, err := newWatchdog(alive(m, door), func() { notify(log, daemon.SdNotifyWatchdog) })
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	work.Go(m.Run)
	notify(log, daemon.SdNotifyReady)
	log.Info("serving", "addr", l.Addr(), "leases", m.Len())
	work.Go(func() { dog.run(ctx) })
	err = s.Serve(ctx, door)
	notify(log, daemon.SdNotifyStopping)
	finish()
	work.Wait()
	wire.Flush()
	log.Info("stopped", "leases", m.Len())
	return err
}

// obituaries tells the manager which network namespaces have ended, until the
// watcher is closed.
func obituaries(w *netns.Watcher, m *manager.Manager, log *slog.Logger) {
	for {
		ended, missed, err := w.Next()
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil {
			log.Error("watch network namespaces; a container that dies is noticed at its renewal only", "err", err)
			return
		}
		m.NetnsEnded(ended, missed)
	}
}

func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("notify systemd", "err", err)
	}
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:])
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}

// logger logs to stderr, which systemd stamps with the time itself.
func logger(level string) (*slog.Logger, error) {
	o := &slog.HandlerOptions{}
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
	}
	o.Level = l
	if os.Getenv("JOURNAL_STREAM") != "" {
		o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
}
