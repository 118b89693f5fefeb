// SPDX-License-Identifier: Apache-2.0

//go:build pprof

package main

import (
	"errors"
	"flag"
	"net"
	"net/http"
	_ "net/http/pprof" // on http.DefaultServeMux
	"os"
)

func init() {
	debugFlags = func(f *flag.FlagSet) { f.Func("pprof", "", serveProfiles) }
	debugHelp = "   --pprof PATH          serve Go's profiles on a unix socket at PATH\n"
}

// serveProfiles serves them until leased ends; what it held up is nobody's loss.
func serveProfiles(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	go func() { _ = http.Serve(l, nil) }()
	return nil
}
