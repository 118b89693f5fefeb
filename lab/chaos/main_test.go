// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/options"
	"podman-net-dhcp/internal/wanted"
	"podman-net-dhcp/lab/testlan"
)

// asCaller makes the test binary be what the network plugin is: its value is an order.
const asCaller = "CHAOS_CALLER"

func TestMain(m *testing.M) {
	if text := os.Getenv(asCaller); text != "" {
		if err := call(text); err != nil {
			fmt.Fprintln(os.Stderr, "caller:", err)
			os.Exit(1)
		}
		return
	}
	testlan.Main(m)
}

// order is what a caller is to do for a container.
type order struct {
	Leave      bool
	Attachment leaseapi.Attachment
	Netns      string
	Options    map[string]string
}

func call(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	if o.Leave {
		return front.Leave(context.Background(), o.Attachment, o.Netns)
	}
	opts, err := options.Parse(o.Options)
	if err != nil {
		return err
	}
	_, err = front.Join(context.Background(), front.Request{Interface: wanted.Interface{Attachment: o.Attachment, Netns: o.Netns, Options: opts}})
	return err
}

// build makes a leased that ends at failpoints.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "leased")
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", program, "podman-net-dhcp/leased")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build leased: %v: %s", err, out)
	}
	return program
}
