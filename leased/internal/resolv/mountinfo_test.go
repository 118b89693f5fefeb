// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"strings"
	"testing"
)

// proc_pid_mountinfo(5), as of a container of Podman and with what else there is.
const mountinfo = `536 421 0:49 / / rw,relatime - overlay overlay rw,lowerdir=/l/A:/l/B
540 536 0:24 /containers/overlay-containers/c1/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw
541 536 0:24 /containers/overlay-containers/c1/userdata/resolv.conf /etc/resolv.conf rw,nosuid shared:5 master:1 - tmpfs tmpfs rw
542 541 0:24 /other/resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw
54 536 0:24 /a\040b/resolv.conf//deleted /mnt/etc/resolv.conf rw - tmpfs tmpfs rw

543 536
`

func TestSource(t *testing.T) {
	t.Parallel()
	for mount, want := range map[uint64]string{
		541: "/containers/overlay-containers/c1/userdata/resolv.conf",
		542: "/other/resolv.conf", // upon it
		540: "",                   // elsewhere
		54:  "", 536: "", 543: "", 5: "", 999: "",
	} {
		if got, err := source(strings.NewReader(mountinfo), mount, "/etc/resolv.conf"); got != want || err != nil {
			t.Errorf("mount %d: %q, %v, want %q", mount, got, err, want)
		}
	}
	long := "1 2 0:1 / / rw - overlay overlay rw,lowerdir=" + strings.Repeat("/layer:", 100_000) + "\n" + mountinfo
	if got, err := source(strings.NewReader(long), 542, "/etc/resolv.conf"); got != "/other/resolv.conf" || err != nil {
		t.Errorf("after a long line: %q, %v", got, err)
	}
	if _, err := source(strings.NewReader(strings.Repeat(long, 2)[:maxLine+1]), 542, "/etc/resolv.conf"); err != nil {
		t.Errorf("two long lines: %v", err)
	}
	if _, err := source(strings.NewReader(strings.Repeat("x", maxLine+1)), 542, "/etc/resolv.conf"); err == nil {
		t.Error("an endless line is fine")
	}
}
