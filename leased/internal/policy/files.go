// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// DefaultDir has the policy: policy.conf, and policy.d/*.conf.
const DefaultDir = "/etc/leased"

// Bounds on the files in policy.d.
const (
	maxEntries = 1024
	maxFiles   = 64
)

// Files is a policy on disk. It is safe for concurrent use.
type Files struct {
	Dir string // such as DefaultDir

	mu     sync.Mutex // guards all following fields
	read   bool
	young  bool    // a file changed just before it was read
	stamps []stamp // of what was read
	policy Policy
}

// stamp tells whether a file is the one that was read.
type stamp struct {
	path         string
	dev, ino     uint64
	size         int64
	mode, uid    uint32
	mtime, ctime unix.Timespec
	err          error // the file cannot be looked at
}

// Load returns the policy, which it reads if a file has changed. Others must not be able to
// write a file that counts. changed says that the policy was read.
func (f *Files) Load() (p Policy, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	paths, bad := f.paths()
	stamps := []stamp{look(f.Dir), look(f.drops())}
	for _, path := range paths {
		stamps = append(stamps, look(path))
	}
	if f.read && !f.young && slices.Equal(f.stamps, stamps) {
		return f.policy, false
	}
	f.read, f.stamps = true, stamps
	f.young = slices.ContainsFunc(stamps, stamp.young)
	was := f.policy
	f.policy = Policy{File: filepath.Join(f.Dir, "policy.conf"), Bad: bad}
	for _, path := range paths {
		lines, err := readFile(path)
		if err != nil {
			f.policy.Bad = append(f.policy.Bad, err)
		}
		f.policy.Lines = append(f.policy.Lines, lines...)
	}
	return f.policy, !slices.EqualFunc(was.Bad, f.policy.Bad, func(a, b error) bool { return a.Error() == b.Error() })
}

func (f *Files) drops() string { return filepath.Join(f.Dir, "policy.d") }

// paths are the files that there may be, in the order in which they count.
func (f *Files) paths() (paths []string, bad []error) {
	if err := check(f.Dir, look(f.Dir), unix.S_IFDIR); err != nil {
		return nil, present(err)
	}
	paths = []string{filepath.Join(f.Dir, "policy.conf")}
	if err := check(f.drops(), look(f.drops()), unix.S_IFDIR); err != nil {
		return paths, present(err)
	}
	dir, err := os.Open(f.drops())
	if err != nil {
		return paths, []error{err}
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return paths, []error{err}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".conf") || name[0] == '.' })
	slices.Sort(names)
	if len(names) > maxFiles {
		return paths, []error{fmt.Errorf("%s: more than %d files; put lines together", f.drops(), maxFiles)}
	}
	for _, name := range names {
		paths = append(paths, filepath.Join(f.drops(), name))
	}
	return paths, nil
}

// present leaves out the error that a file is not there.
func present(err error) []error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return []error{err}
}
