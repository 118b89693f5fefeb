// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// takings watches one notice of share, and tells the number of a container.
func takings(t *testing.T, share uint32, link testlan.Link) (w *Takings, number int) {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	number, err := ns.ID()
	must(t, err)
	w, err = watchTakings(share)
	must(t, err)
	t.Cleanup(w.Close)
	return w, number
}

// next is the next notice of a container's.
func (w *Takings) next(t *testing.T, number int) Taken {
	t.Helper()
	got, err := w.Next()
	for ; err == nil && got.Netns != number; got, err = w.Next() {
	}
	must(t, err)
	return got
}

// What a kernel takes of an advertisement is heard of under the number of its namespace: the
// router and its prefix, and the prefix again. Other routes of the container are not.
func TestTakings(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	w, number := takings(t, 1, link)
	link.NS.Run("ip", "-6", "route", "add", "2001:db8:7::/64", "dev", "eth0")
	link.NS.Run("ip", "-6", "route", "add", "2001:db8:8::/64", "dev", "lo")
	lan.IPv6()
	lan.Dnsmasq("--enable-ra", "--dhcp-range=2001:db8::,ra-only,64")
	marks := map[uint32]bool{}
	for range 2 {
		got := w.next(t, number)
		if got.Index != link.Index {
			t.Errorf("%+v; want interface %d", got, link.Index)
		}
		marks[got.Mark] = true
	}
	if len(marks) != 2 {
		t.Errorf("%d marks of two things", len(marks))
	}
	w.Close()
	if _, err := w.Next(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// Of a flood a part arrives, whoever makes it: here a program in the container.
func TestTakingsOfAFlood(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	w, number := takings(t, takenShare, link)
	var batch strings.Builder
	for n := range 400 { // 50 on average, and a deviation of 7
		fmt.Fprintf(&batch, "route add 2001:db8:%x::/64 dev eth0 proto ra\n", n)
	}
	path := filepath.Join(t.TempDir(), "batch")
	must(t, os.WriteFile(path, []byte(batch.String()), 0o600))
	link.NS.Run("ip", "-6", "-batch", path)
	must(t, w.sock.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	marks := map[uint32]bool{}
	got, err := w.Next()
	for ; err == nil; got, err = w.Next() {
		if got.Netns == number {
			marks[got.Mark] = true
		}
	}
	if len(marks) < 5 || len(marks) > 120 {
		t.Errorf("%d notices of 400", len(marks))
	}
}

func FuzzParseTaken(f *testing.F) {
	w := &Takings{seed: maphash.MakeSeed()}
	oob := unix.UnixRights(7) // a control message of 4 bytes
	binary.NativeEndian.PutUint32(oob[unix.CmsgLen(0)-8:], unix.SOL_NETLINK)
	binary.NativeEndian.PutUint32(oob[unix.CmsgLen(0)-4:], unix.NETLINK_LISTEN_ALL_NSID)
	f.Add([]byte{28, 0, 0, 0, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 3, 64, 0, 0}, oob)
	f.Fuzz(func(t *testing.T, datagram, oob []byte) {
		if got, ok := w.parse(datagram, oob); ok && got.Index <= 0 {
			t.Errorf("%+v", got)
		}
	})
}
