// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"maps"
	"strings"
	"testing"
)

// Help has each flag with its default, and no other.
func TestHelpHasTheFlags(t *testing.T) {
	said, taken := map[string]string{"-pprof": ""}, map[string]string{"-help": "", "-h": "", "-pprof": ""}
	for _, e := range entries(t, "serve", "OPTIONS") {
		for _, name := range e.names {
			said[strings.Replace(name, "--", "-", 1)] = e.preset
		}
	}
	new(options).flags().VisitAll(func(f *flag.Flag) {
		taken["-"+f.Name] = strings.ReplaceAll(f.DefValue, "false", "")
	})
	if !maps.Equal(said, taken) {
		t.Errorf("help has %q, the program %q", said, taken)
	}
}

func TestOneDashIsAsGoodAsTwo(t *testing.T) {
	for _, dash := range []string{"-", "--"} {
		o, err := parse([]string{dash + "state-dir", "a", dash + "memory-dir=", dash + "idle-timeout", "1m30s", dash + "log-level=debug"})
		if err != nil || o.dir != "a" || o.memory != "" || o.idleAfter.String() != "1m30s" || o.level != "debug" {
			t.Errorf("%+v, %v", o, err)
		}
	}
}
