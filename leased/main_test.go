// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/build"
	"podman-net-dhcp/lab/testlan"
)

// asLeased makes the test binary be leased: with "pid", one that systemd started
// with a socket.
const asLeased = "LEASED_TEST_MAIN"

func TestMain(m *testing.M) {
	switch os.Getenv(asLeased) {
	case "pid":
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		main()
	case "":
		testlan.Main(m)
	default:
		main()
	}
}

// leased runs leased in here and returns what it prints. Not in parallel: cli's
// flags for help and version are global.
func leased(args ...string) (string, error) {
	var out bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &out
	err := a.Run(append([]string{"leased"}, args...))
	return out.String(), err
}

func TestHelpNamesTheCommands(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"--help"}} {
		out, err := leased(args...)
		for _, word := range []string{"serve", "ls", "leased"} {
			if err != nil || !strings.Contains(out, word) {
				t.Errorf("leased %q: %q, %v; want %q in it", args, out, err, word)
			}
		}
	}
	if out, err := leased("--version"); err != nil || !strings.Contains(out, build.Version) {
		t.Errorf("%q, %v", out, err)
	}
}

func TestHelpOfACommandNamesItsFlags(t *testing.T) {
	for _, c := range app().Commands {
		for _, args := range [][]string{{"help", c.Name}, {c.Name, "--help"}, {c.Name, "-h"}} {
			out, err := leased(args...)
			for _, f := range append([]cli.Flag{cli.HelpFlag}, c.Flags...) {
				if name := "--" + f.Names()[0]; err != nil || !strings.Contains(out, name) {
					t.Errorf("leased %q: %v, no %s in\n%s", args, err, name, out)
				}
			}
		}
	}
	if _, err := leased("help", "frobnicate"); err == nil || !strings.Contains(err.Error(), "No help topic for 'frobnicate'") {
		t.Error(err)
	}
}

func TestUnknownCommand(t *testing.T) {
	if _, err := leased("frobnicate"); err == nil || !strings.Contains(err.Error(), `unknown command "frobnicate"; see: leased help`) {
		t.Error(err)
	}
}

func TestCommandsTakeNoArguments(t *testing.T) {
	for _, c := range app().Commands {
		if _, err := leased(c.Name, "web"); err == nil || !strings.Contains(err.Error(), c.Name+` takes no argument, and got "web"`) {
			t.Errorf("leased %s web: %v", c.Name, err)
		}
	}
}

func TestWrongFlagsOfServe(t *testing.T) {
	for _, args := range [][]string{{"--log-level", "loud"}, {"--idle-timeout", "soon"}, {"--no-such-flag"}} {
		if _, err := leased(append([]string{"serve"}, args...)...); err == nil {
			t.Errorf("leased serve %q starts", args)
		}
	}
}
