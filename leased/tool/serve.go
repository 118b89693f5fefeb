// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/urfave/cli/v2"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:            "serve",
		Usage:           "run the daemon, on the socket from systemd or on its own socket",
		SkipFlagParsing: true, // the daemon reads all arguments, --help included
		HideHelpCommand: true,
		Action:          func(c *cli.Context) error { return becomeDaemon(c.Args().Slice()...) },
	}
}

// becomeDaemon replaces the tool by the daemon, in the same process: pid, environment and
// the descriptors from systemd stay. It returns only if that fails.
func becomeDaemon(args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the daemon: %w", err)
	}
	dir := filepath.Dir(self)
	installed := filepath.Join(dir, "../libexec/leased/leased")
	for _, path := range []string{installed, filepath.Join(dir, "libexec/leased/leased")} { // the latter by make build
		err := syscall.Exec(path, append([]string{path}, args...), os.Environ())
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("start the daemon %s: %w", path, err)
		}
	}
	return fmt.Errorf("the daemon %s is missing; install the package again, or run make install", installed)
}
