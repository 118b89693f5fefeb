// SPDX-License-Identifier: Apache-2.0

//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// end is the way in which leased ends.
type end uint8

const (
	kill end = iota + 1
	crash
	stall
	pause
)

// plan is the parsed LEASED_FAILPOINT; at is zero if it is empty.
type plan struct {
	at  Point
	nth int64
	how end
}

var (
	planned = mustParse(os.Getenv("LEASED_FAILPOINT"))
	reached atomic.Int64
)

// At marks a step where leased may end.
func At(p Point) {
	if p == 0 || p != planned.at || reached.Add(1) != planned.nth {
		return
	}
	switch planned.how {
	case kill:
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case crash:
		panic("failpoint " + p.String())
	case pause:
		awaitSignal(p)
		return
	case stall:
	}
	select {} // a signal takes its time
}

func awaitSignal(p Point) {
	goOn := make(chan os.Signal, 1)
	signal.Notify(goOn, unix.SIGUSR1)
	fmt.Fprintln(os.Stderr, "failpoint", p)
	<-goOn
}

// After returns the point that follows a message, sent or received; zero if there is
// none.
func After(m message) Point {
	switch m.String() {
	case "DISCOVER":
		return AfterDiscover
	case "OFFER":
		return AfterOffer
	case "REQUEST":
		return AfterRequest
	}
	return 0
}

// mustParse panics on a misspelt point: leased would never reach that point, and its
// test would never fail.
func mustParse(s string) plan {
	p, err := parse(s)
	if err != nil {
		panic(err)
	}
	return p
}

func parse(s string) (plan, error) {
	if s == "" {
		return plan{}, nil
	}
	where, how, _ := strings.Cut(s, "=")
	name, nth, counted := strings.Cut(where, ":")
	p := plan{nth: 1, how: map[string]end{"": kill, "panic": crash, "stall": stall, "pause": pause}[how]}
	for _, point := range All() {
		if point.String() == name {
			p.at = point
		}
	}
	var err error
	if counted {
		p.nth, err = strconv.ParseInt(nth, 10, 64)
	}
	if p.at == 0 || p.how == 0 || err != nil || p.nth < 1 {
		return plan{}, fmt.Errorf("LEASED_FAILPOINT=%q is not a failpoint", s)
	}
	return p, nil
}
