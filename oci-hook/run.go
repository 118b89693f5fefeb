// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
)

// Bounds in time. The hook's JSON gives it 60 s, after which the runtime kills it
// and nothing would be undone.
const (
	createTimeout   = 50 * time.Second
	poststopTimeout = 5 * time.Second
)

const usage = "container runtimes run net-dhcp-hook as an OCI hook; by hand: net-dhcp-hook createRuntime|poststop < STATE"

const help = usage + `

  createRuntime  give a container with annotations io.leased.KEY=VALUE its interfaces and leases
  poststop       end its leases: keep or release them, as the option release says

The log is in the journal: journalctl -t net-dhcp-hook
The manual: man 8 net-dhcp-hook; for the options: man 7 net-dhcp
`

// run is the program. createRuntime fails with exit code 1 and has undone all it
// did; poststop never fails, since the container is gone whatever happens here,
// and runc's delete would end with an error.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(stdout, help)
		return 0
	}
	if len(args) != 1 {
		args = []string{""}
	}
	c, err := readContainer(stdin)
	switch {
	case err != nil:
	case args[0] == "createRuntime":
		err = createRuntime(c)
	case args[0] == "poststop":
		err = poststop(c)
	default:
		err = errors.New(usage)
	}
	if err == nil {
		return 0
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if c.ID != "" {
		text = c.ID + ": " + text
	}
	text = "net-dhcp-hook: " + text
	fmt.Fprintln(stderr, text)
	tell(c, text)
	if args[0] == "poststop" {
		return 0
	}
	return 1
}

// createRuntime brings the container onto its networks, in their order, and then
// tells it the DNS servers.
func createRuntime(c container) (err error) {
	networks, err := c.networks()
	if err != nil || len(networks) == 0 {
		return err
	}
	if c.Pid <= 0 {
		return errors.New("the container's state on stdin has no pid")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, createTimeout, fmt.Errorf("not all networks had a lease within %s", createTimeout))
	defer cancel()
	var made []front.Request
	shared := c.shared()
	defer func() {
		if err != nil && shared == "" { // else another member may use what there is
			err = errors.Join(err, leave(made))
		}
	}()
	var dns resolvConf
	for _, n := range networks {
		r := c.request(n, len(networks), shared)
		joined, err := front.Join(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Attachment.Interface, err)
		}
		made = append(made, r)
		dns.add(n.options, joined.Lease)
	}
	w, err := dns.write(c)
	if err == nil && w.path != "" && dns.follows {
		front.NoteResolvConf(ctx, leaseapi.NoteResolvConfRequest{
			ContainerID: c.ID, Owner: made[0].Attachment.Owner, Path: w.path, Device: w.device, Inode: w.inode,
		})
	}
	return err
}

func leave(made []front.Request) error {
	ctx, cancel := context.WithTimeout(context.Background(), poststopTimeout)
	defer cancel()
	var errs []error
	for _, r := range made {
		errs = append(errs, front.Leave(ctx, r.Attachment, r.Netns))
	}
	return errors.Join(errs...)
}

// poststop gives back all that the container had. Its netns is gone, and of its
// state id and bundle are what runtimes agree on. A netns that it shared lives on: leased sees
// the end of that.
func poststop(c container) error {
	if !c.ours() || c.shared() != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), poststopTimeout)
	defer cancel()
	return front.LeaveAll(ctx, c.ID, c.owner())
}
