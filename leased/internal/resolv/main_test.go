// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// inside is set in a process that plays a container's; it has an inhabitant.
const inside = "RESOLV_INSIDE"

func TestMain(m *testing.M) {
	if text := os.Getenv(inside); text != "" {
		if err := live(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testlan.Main(m)
}

// inhabitant is a process in the container's netns.
type inhabitant struct {
	Root   string // its own by pivot_root(2), in a mount namespace of its own; empty: the test's
	Mounts []mount
	FUSE   string // a directory in the root whose file system never answers
}

type mount struct {
	From, To string // To is in the root
	ReadOnly bool
}

// live is the life of an inhabitant: it says that all is as told, and waits for the
// end of its input.
func live(text string) error {
	var in inhabitant
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return err
	}
	if in.Root != "" {
		if err := in.enter(); err != nil {
			return err
		}
	}
	fmt.Println("here")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func (in inhabitant) enter() error {
	if err := unix.Mount(in.Root, in.Root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount the root: %w", err)
	}
	for _, m := range in.Mounts {
		if err := m.do(in.Root); err != nil {
			return fmt.Errorf("mount %v: %w", m, err)
		}
	}
	if in.FUSE != "" {
		if err := silentFUSE(filepath.Join(in.Root, in.FUSE)); err != nil {
			return fmt.Errorf("mount a FUSE: %w", err)
		}
	}
	if err := unix.Chdir(in.Root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	return unix.Unmount(".", unix.MNT_DETACH)
}

func (m mount) do(root string) error {
	to := filepath.Join(root, m.To)
	err := unix.Mount(m.From, to, "", unix.MS_BIND, "")
	if err == nil && m.ReadOnly {
		err = unix.Mount("", to, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return err
}

// silentFUSE mounts a file system whose server, this process, never answers.
func silentFUSE(dir string) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Mount("silent", dir, "fuse", 0, "rootmode=40000,user_id=0,group_id=0,fd="+strconv.Itoa(fd))
}

// process is an inhabitant that lives.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	in  *os.File
	pid string
}

// start starts an inhabitant of the netns; it ends with the test, if not before.
func start(n *testlan.NS, t *testing.T, in inhabitant) *process {
	t.Helper()
	text, err := json.Marshal(in)
	must(t, err)
	argv := []string{"/proc/self/exe"}
	if in.Root != "" {
		self, err := os.Executable()
		must(t, err)
		argv = []string{"unshare", "--mount", "--propagation=private", self}
	}
	stdin, feed, err := os.Pipe()
	must(t, err)
	said, stdout, err := os.Pipe()
	must(t, err)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), inside+"="+string(text))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, os.Stderr
	n.Start(cmd)
	stdin.Close()
	stdout.Close()
	p := &process{t: t, cmd: cmd, in: feed, pid: strconv.Itoa(cmd.Process.Pid)}
	t.Cleanup(p.end)
	if line, err := io.ReadAll(io.LimitReader(said, 5)); string(line) != "here\n" {
		t.Fatalf("an inhabitant says %q, %v", line, err)
	}
	said.Close()
	return p
}

// end ends the process, and returns when it is gone.
func (p *process) end() {
	if p.cmd.ProcessState == nil {
		p.in.Close()
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
