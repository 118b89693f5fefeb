// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const usage = "net-dhcp is run by Podman: podman network create -d net-dhcp. By hand: net-dhcp create|info|setup NETNS|teardown NETNS"

const help = usage + `

  create    read a network as JSON on stdin, check and complete it, write it to stdout
  info      show the version and netavark's API version
  setup     read a container on stdin; make its interface in the namespace at NETNS and get its lease
  teardown  end the lease and remove the interface

The manual, with all options of a network: man 7 net-dhcp
`

// run is the program: the answer on stdout, {"error": …} there and exit code 1
// when a verb fails (netavark src/plugin.rs).
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stdout, help)
		return 0
	}
	answer, err := verb(args, stdin, stderr)
	if err != nil {
		// Podman 6 drops the plugin's name from create's errors, so it is in ours;
		// and an error is one line.
		text := "net-dhcp: " + strings.ReplaceAll(err.Error(), "\n", "; ")
		answer = map[string]string{"error": text}
	}
	if answer != nil {
		if writeErr := json.NewEncoder(stdout).Encode(answer); writeErr != nil {
			fmt.Fprintln(stderr, "net-dhcp: write the answer:", writeErr)
			return 1
		}
	}
	if err != nil {
		return 1
	}
	return 0
}

func verb(args []string, stdin io.Reader, stderr io.Writer) (any, error) {
	switch {
	case len(args) == 1 && args[0] == "create":
		return create(stdin)
	case len(args) == 1 && args[0] == "info":
		return info(), nil
	case len(args) < 2:
		return nil, errors.New(usage)
	}
	switch h, ok := takeOver(args[2:]); {
	case ok && args[0] == "setup":
		return setup(args[1], h, stdin)
	case ok && args[0] == "teardown":
		return nil, teardown(args[1], h, stdin, stderr)
	}
	return nil, errors.New(usage)
}
