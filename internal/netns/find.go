// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Find opens a namespace that lives on without the path that it had, by the
// processes in it: a bind mount under /run/netns can be gone while its container
// runs. number and cookie are those of before (NS.ID, NS.Cookie). It fails with
// fs.ErrNotExist where the namespace has ended, which costs one question to the
// kernel, or has no process left.
func Find(number int, cookie uint64) (*NS, error) {
	if ok, err := alive(number); err != nil || !ok {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	paths, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{} // by inode, of which many processes share one
	for _, path := range paths {
		inode, err := os.Readlink(path)
		if err != nil || seen[inode] {
			continue
		}
		seen[inode] = true
		ns, err := Open(path)
		if err != nil {
			continue // it ended meanwhile, or is our own
		}
		if ns.Cookie() == cookie {
			return ns, nil
		}
		ns.Close()
	}
	return nil, fs.ErrNotExist
}

// alive asks whether a namespace has the number (RTM_GETNSID, Linux 5.0).
func alive(number int) (bool, error) {
	req := nl.NewNetlinkRequest(unix.RTM_GETNSID, unix.NLM_F_REQUEST)
	req.AddData(&nl.RtGenMsg{})
	req.AddData(nl.NewRtAttr(netnsaNSID, nl.Uint32Attr(uint32(number))))
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for a network namespace: %w", err)
	}
	return true, nil
}
