// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/leased/internal/event"
)

var who = event.Attachment{Container: "web", Net: "lan", Ifname: "eth0"}

func TestLinesAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		var out bytes.Buffer
		event.NewLog(slog.New(slog.NewTextHandler(&out, debug))).Emit(who, g.event)
		want := "level=" + g.level + " " + strings.Replace(g.line, "WHO", "container=web net=lan ifname=eth0", 1) + "\n"
		if got := out.String(); got != want {
			t.Errorf("%T:\n%s\nwant\n%s", g.event, got, want)
		}
	}
}

// debug writes each line, without the time.
var debug = &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}

func TestTheTableHasEveryEvent(t *testing.T) {
	t.Parallel()
	var have []string
	for _, g := range golden {
		have = append(have, reflect.TypeOf(g.event).Name())
	}
	slices.Sort(have)
	want := eventTypes(t)
	slices.Sort(want)
	if have = slices.Compact(have); !slices.Equal(have, want) {
		t.Errorf("golden has lines of\n%v\nand the package has the events\n%v", have, want)
	}
}

// eventTypes returns the names of the package's exported types that have a method
// Level, as each Event has.
func eventTypes(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			if name := levelOf(decl); ast.IsExported(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// levelOf returns the name of the type whose method Level decl declares, or "".
func levelOf(decl ast.Decl) string {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || f.Recv == nil || f.Name.Name != "Level" {
		return ""
	}
	return strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*")
}

// Each packet is an event, and most hosts do not log packets.
func TestEventsBelowTheLevelCostNothing(t *testing.T) {
	sink := event.NewLog(slog.New(slog.NewTextHandler(io.Discard, nil)))
	var e event.Event = event.Received{Family: event.IPv4, Type: word("ACK"), XID: 7, Addr: addr, Server: server}
	if n := testing.AllocsPerRun(100, func() { sink.Emit(who, e) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

type heard []string

func (h *heard) Emit(who event.Attachment, e event.Event) {
	*h = append(*h, who.Container+" "+e.Message())
}

func TestSinksHandAnEventToEach(t *testing.T) {
	t.Parallel()
	var a, b heard
	event.Sinks{&a, &b}.Emit(who, event.Ended{Reason: "replaced"})
	if want := (heard{"web lease ended"}); !slices.Equal(a, want) || !slices.Equal(b, want) {
		t.Errorf("%q and %q, want %q each", a, b, want)
	}
	event.Sinks(nil).Emit(who, event.Ended{})
}

func TestFamilyNames(t *testing.T) {
	t.Parallel()
	for f, want := range map[event.Family]string{0: "invalid", event.IPv4: "IPv4", event.IPv6: "IPv6", 3: "invalid"} {
		if got := f.String(); got != want {
			t.Errorf("Family(%d) is %q, want %q", uint8(f), got, want)
		}
	}
}
