// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"podman-net-dhcp/leased/internal/policy"
	"podman-net-dhcp/leased/internal/store"
)

// help calls the daemon as the user does: "leased serve" of the operator's tool is the
// daemon with these options.
const help = `NAME:
   leased serve - run the daemon, on the socket from systemd or on its own socket

USAGE:
   leased serve [command options]

OPTIONS:
   --state-dir value     directory for live leases (default: "` + store.DefaultDir + `")
   --memory-dir value    directory for the lease memory, for use after a reboot; empty: no memory (default: "` + store.DefaultMemoryDir + `")
   --policy-dir value    directory of the policy, which says what the OCI hook may do (default: "` + policy.DefaultDir + `")
   --idle-timeout value  exit after this time without leases and callers; 0: never (default: 0s)
   --log-level value     lowest level to log: debug, info, warn or error (default: "info")
   --help, -h            show help
   --version, -v         print the version
`

// A debug build has more flags, and help for them.
var (
	debugFlags = func(*flag.FlagSet) {}
	debugHelp  string
)

// options are the daemon's command line.
type options struct {
	dir, memory, level string
	policy             string
	idleAfter          time.Duration
	version            bool
}

// flags sets the options to their defaults.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("leased", flag.ContinueOnError)
	f.SetOutput(io.Discard) // main prints errors and help
	f.StringVar(&o.dir, "state-dir", store.DefaultDir, "")
	f.StringVar(&o.memory, "memory-dir", store.DefaultMemoryDir, "")
	f.StringVar(&o.policy, "policy-dir", policy.DefaultDir, "")
	f.DurationVar(&o.idleAfter, "idle-timeout", 0, "")
	f.StringVar(&o.level, "log-level", "info", "")
	f.BoolVar(&o.version, "version", false, "")
	f.BoolVar(&o.version, "v", false, "")
	debugFlags(f)
	return f
}

// parse reads the arguments. Its error is flag.ErrHelp if they ask for help.
func parse(args []string) (o options, err error) {
	f := o.flags()
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("serve takes no arguments; got %q", f.Arg(0))
	}
	return o, nil
}
