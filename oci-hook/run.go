// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"podman-net-dhcp/internal/attachment"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
)

// Annotations that are the hook's own; all others with options.Prefix are options.
const (
	annInterface = "interface" // name in the container, default eth0
	annName      = "name"      // who the container is to the server, default its id
)

const (
	maxState        = 1 << 20 // bytes of state taken
	poststopTimeout = 5 * time.Second
	network         = "oci" // what stands for the network's name: the hook has none
)

func run(args []string, stdin io.Reader, stderr io.Writer) int {
	err := stage(args, stdin)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "net-dhcp-hook:", strings.ReplaceAll(err.Error(), "\n", "; "))
	if len(args) == 1 && args[0] == "poststop" {
		return 0 // runc ends `delete` with an error, and the container is gone anyway
	}
	return 1
}

func stage(args []string, stdin io.Reader) error {
	if len(args) != 1 {
		return errors.New("run by container runtimes; by hand: net-dhcp-hook createRuntime|poststop < STATE")
	}
	state, err := readState(stdin)
	if err != nil {
		return err
	}
	own := options.FromPrefixed(state.Annotations)
	if len(own) == 0 {
		return nil // a container that wants nothing of us
	}
	switch args[0] {
	case "createRuntime":
		return createRuntime(state, own)
	case "poststop":
		ctx, cancel := context.WithTimeout(context.Background(), poststopTimeout)
		defer cancel()
		return attachment.Leave(ctx, key(state, own), netns(state))
	}
	return fmt.Errorf("stage %q is none of createRuntime, poststop", args[0])
}

func readState(stdin io.Reader) (specs.State, error) {
	var s specs.State
	if err := json.NewDecoder(io.LimitReader(stdin, maxState)).Decode(&s); err != nil {
		return s, fmt.Errorf("parse the container's state on stdin: %w", err)
	}
	if s.ID == "" {
		return s, errors.New("the container's state on stdin has no id")
	}
	return s, nil
}

func createRuntime(s specs.State, own map[string]string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if s.Pid <= 0 {
		return errors.New("the container's state on stdin has no pid")
	}
	keys := maps.Clone(own)
	delete(keys, annInterface)
	delete(keys, annName)
	o, err := options.Parse(keys)
	if err != nil {
		return err
	}
	a := key(s, own)
	_, err = attachment.Join(ctx, attachment.Request{
		Attachment: a, Netns: netns(s), Options: o, Hostnames: []string{a.ContainerName},
	})
	return err
}

func key(s specs.State, own map[string]string) leaseapi.Attachment {
	a := leaseapi.Attachment{ContainerID: s.ID, ContainerName: own[annName], Network: network, Interface: own[annInterface]}
	if a.ContainerName == "" {
		a.ContainerName = s.ID
	}
	if a.Interface == "" {
		a.Interface = "eth0"
	}
	return a
}

func netns(s specs.State) string { return fmt.Sprintf("/proc/%d/ns/net", s.Pid) }
