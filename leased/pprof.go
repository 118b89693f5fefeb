// SPDX-License-Identifier: Apache-2.0

//go:build pprof

package main

import (
	"errors"
	"net"
	"net/http"
	_ "net/http/pprof" // on http.DefaultServeMux
	"os"

	"github.com/urfave/cli/v2"
)

func init() {
	debugging = append(debugging, &cli.StringFlag{
		Name:   "pprof",
		Usage:  "serve Go's profiles on a unix socket at `PATH`",
		Action: func(_ *cli.Context, path string) error { return serveProfiles(path) },
	})
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
