// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// lend calls fn on a thread that fn may move to another namespace. It is the caller's own
// thread: another goroutine would cost more than the two moves, since the runtime wakes a
// second thread for it.
func lend(fn func() error) error {
	home, err := home()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() == unix.Getpid() {
		return elsewhere(fn)
	}
	defer comeBack(home) // after a panic of fn, too
	return fn()
}

// elsewhere is lend for a caller on the main thread. The main thread's namespace is what
// others see as the process's (/proc/PID/ns/net). The caller is locked to the main thread,
// so the goroutine gets another one.
func elsewhere(fn func() error) error {
	done := make(chan error, 1)
	go func() { done <- lend(fn) }()
	return <-done
}

// comeBack moves the thread to home, or ends the process. A goroutine cannot leave a
// thread that no other goroutine may use: it would go on in a container's namespace, or
// another goroutine would. Only a lack of memory can keep a thread from moving, and that
// may pass.
func comeBack(home vns.NsHandle) {
	err := setHome(home)
	for try := 0; err != nil && try < tries; try++ {
		time.Sleep(pause)
		err = setHome(home)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "a thread cannot leave a container's network namespace:", err)
		os.Exit(exitLost)
	}
}

const (
	tries    = 100
	pause    = 10 * time.Millisecond
	exitLost = 1
)

// setHome is a variable for tests.
var setHome = vns.Set

// home is the namespace the process started in.
var home = sync.OnceValues(func() (vns.NsHandle, error) {
	return vns.GetFromPath("/proc/self/ns/net")
})
