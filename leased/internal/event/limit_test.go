// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"podman-net-dhcp/leased/internal/event"
)

// logged runs f with a Limit, and returns the lines of the log.
func logged(t *testing.T, level slog.Level, f func(l *event.Limit)) (lines []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := event.NewLimit(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); l.Run(ctx) }()
		f(l)
		cancel()
		<-ended
		l.Flush()
		lines = strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	})
	return lines
}

var count = regexp.MustCompile(`msg="lines left out in the last minute" .* lines=(\d+)$`)

// left sums up what lines say that was left out, and counts the others.
func left(t *testing.T, lines []string) (told, left int) {
	t.Helper()
	for _, line := range lines {
		m := count.FindStringSubmatch(line)
		if m == nil {
			told++
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 {
			t.Error(line)
		}
		left += n
	}
	return told, left
}

// Ten containers whose leases last a second and change each time tell eleven things a
// second each. In ten minutes an attachment gets its first lines, one line per step, and one
// line a minute with the count of the others.
func TestLANDoesNotSetThePaceOfTheLog(t *testing.T) {
	t.Parallel()
	changed, trouble := event.Changed{What: "mtu", Was: 0, Is: 1400}, event.Failed{What: "apply a part of the lease", Err: errNet}
	for name, c := range map[string]struct {
		event event.Event
		most  int // lines of an attachment
	}{
		"changes": {changed, 60 + 600/5 + 11},
		"trouble": {trouble, 20 + 600/15 + 11},
	} {
		emitted := 0
		lines := logged(t, slog.LevelInfo, func(l *event.Limit) {
			for range 600 {
				for i := range 10 {
					for range 11 {
						l.Emit(event.Attachment{Container: fmt.Sprint(i)}, c.event)
						emitted++
					}
				}
				time.Sleep(time.Second)
			}
		})
		told, left := left(t, lines)
		if len(lines) > 10*c.most || told < 10*(c.most-12) || told+left != emitted {
			t.Errorf("%s: %d lines, want at most %d; %d told and %d left out of %d", name, len(lines), 10*c.most, told, left, emitted)
		}
	}
}

// What is left out is told within a minute, though nothing else happens, and once.
func TestLeftOutIsTold(t *testing.T) {
	t.Parallel()
	lines := logged(t, slog.LevelInfo, func(l *event.Limit) {
		for range 100 {
			l.Emit(who, event.ResolvEdited{})
		}
		time.Sleep(time.Hour)
		l.Emit(who, event.ResolvEdited{})
	})
	if told, left := left(t, lines); told != 61 || left != 40 || count.MatchString(lines[61]) {
		t.Errorf("%d told, %d left out, %q", told, left, lines[60:])
	}
}

// One that is flooded costs no other a line, its changes hide no trouble and not its end.
func TestFloodHidesNothingElse(t *testing.T) {
	t.Parallel()
	lines := logged(t, slog.LevelInfo, func(l *event.Limit) {
		for range 100 {
			l.Emit(who, event.ResolvEdited{})
		}
		l.Emit(event.Attachment{Container: "other"}, event.ResolvEdited{})
		l.Emit(who, event.Conflict{Addr: addr, MAC: mac})
		l.Emit(who, event.Lost{Err: errNet})
		l.Emit(who, event.Ended{Reason: "released"})
		l.Emit(who, event.ResolvEdited{}) // its successor's
	})
	var got []string
	for _, line := range lines[60:] {
		_, line, _ = strings.Cut(line, "msg=")
		got = append(got, line)
	}
	const web = " container=web net=lan ifname=eth0"
	want := []string{
		`"resolv.conf was edited; leased does not change it" container=other net="" ifname=""`,
		`"address is in use by another machine"` + web + ` addr=192.0.2.9 mac=02:00:00:00:00:ee`,
		`"container is gone"` + web + ` err="network is down"`,
		`"lines left out in the last minute"` + web + ` lines=40`,
		`"lease ended"` + web + ` reason=released`,
		`"resolv.conf was edited; leased does not change it"` + web,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("after the flood\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A log that leaves a level out misses none of it, and a log of all packets has everything.
func TestLimitMindsTheLevel(t *testing.T) {
	t.Parallel()
	flood := func(l *event.Limit) {
		for range 100 {
			l.Emit(who, event.ResolvEdited{})
			l.Emit(who, event.Ignored{})
		}
	}
	if lines := logged(t, slog.LevelWarn, flood); lines[0] != "" {
		t.Errorf("at level warn: %q", lines)
	}
	if lines := logged(t, slog.LevelDebug, flood); len(lines) != 200 {
		t.Errorf("%d lines at level debug", len(lines))
	}
}
