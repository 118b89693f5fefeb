// SPDX-License-Identifier: Apache-2.0

// Package clock is step 12 of the way of a lease: the time on CLOCK_BOOTTIME, which
// continues while the host is suspended, and one timer on it for everything. Go's own
// timers stop in suspend.
package clock

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Boottime is a clock with one timer. Close it.
type Boottime struct {
	timer *os.File
	ticks chan struct{}
	ended chan struct{}
}

// New makes a Boottime, with one timerfd and one goroutine that waits for it.
func New() (*Boottime, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	c := &Boottime{timer: os.NewFile(uintptr(fd), "timerfd"), ticks: make(chan struct{}, 1), ended: make(chan struct{})}
	go c.wait()
	return c, nil
}

func (c *Boottime) wait() {
	defer close(c.ended)
	var expirations [8]byte
	for {
		if _, err := c.timer.Read(expirations[:]); err != nil {
			return // closed
		}
		select {
		case c.ticks <- struct{}{}:
		default: // one is pending
		}
	}
}

// Now returns the time since the host booted.
func (c *Boottime) Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic(err) // every Linux since 2.6.39 has it
	}
	return time.Duration(ts.Nano())
}

// Wake sets the timer to one tick on C at that time, or at once if the time has passed.
// It replaces the time set before.
func (c *Boottime) Wake(at time.Duration) error {
	at = max(at, 1) // 0 would disarm
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(at))}
	raw, err := c.timer.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	err = raw.Control(func(fd uintptr) {
		setErr = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME, &spec, nil)
	})
	if err == nil {
		err = setErr
	}
	return err
}

// C delivers a tick each time the timer expires; several expiries may give one tick.
func (c *Boottime) C() <-chan struct{} { return c.ticks }

// Close stops the timer.
func (c *Boottime) Close() error {
	err := c.timer.Close()
	<-c.ended
	return err
}
