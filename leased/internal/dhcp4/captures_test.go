// SPDX-License-Identifier: Apache-2.0

package dhcp4_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp4"
	dt "podman-net-dhcp/leased/internal/dhcp4/dhcp4test"
)

// Messages of public captures, rebuilt from their facts: of the test data of rtr7/router7,
// zeek/zeek, the-tcpdump-group/tcpdump, OISF/suricata-verify, ntop/nDPI, mirage/charrua,
// seladb/PcapPlusPlus, systemd/systemd, FreeRADIUS/freeradius-server, isc-projects/kea,
// arkime/arkime, google/gopacket and markofu/pcaps, and of issues. What clients send is there,
// too, and is no reply.
func TestCaptures(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		r, err := dhcp4.Parse(rebuild(t, c))
		if got := found(r, err); got != c.Want {
			t.Errorf("%s: %s:\ngot  %s\nwant %s", c.Source, strings.Join(c.Facts, " "), got, c.Want)
		}
	}
}

// A message that is cut anywhere says nothing or the same about the lease.
func TestCapturesCut(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		b := rebuild(t, c)
		whole, err := dhcp4.Parse(b)
		if err != nil {
			continue
		}
		for n := range b {
			r, err := dhcp4.Parse(b[:n])
			if err != nil {
				continue
			}
			checkReply(t, r)
			if r.Type != whole.Type || r.Your != whole.Your || r.Server.IsValid() && r.Server != whole.Server ||
				r.HasLeaseTime && r.LeaseTime != whole.LeaseTime || r.Mask != dhcp4.NoMask && r.Mask != whole.Mask {
				t.Errorf("%s: the first %d of %d bytes say %s, and all say %s", c.Source, n, len(b), found(r, nil), found(whole, nil))
			}
		}
	}
}

func rebuild(t testing.TB, c testlan.Capture) []byte { return dt.Rebuild(t, c, 7, mac) }

// found spells a reply as captures.txt does.
func found(r dhcp4.Reply, err error) string {
	if errors.Is(err, dhcp4.ErrNotReply) {
		return "not a reply"
	}
	if err != nil {
		return err.Error()
	}
	if r.XID != 7 || r.MAC.String() != mac.String() {
		return fmt.Sprintf("transaction ID %d of %s", r.XID, r.MAC)
	}
	w := words{r.Type.String()}
	w.add("your", show(r.Your), r.Your.IsValid())
	w.add("server", show(r.Server), r.Server.IsValid())
	w.add("id", len(r.ClientID), r.ClientID != nil)
	w.add("mask", r.Mask, r.Mask > 0)
	w.add("mask", "bad", r.Mask == dhcp4.BadMask)
	w.add("time", r.LeaseTime, r.HasLeaseTime)
	w.add("t1", r.T1, r.HasT1)
	w.add("t2", r.T2, r.HasT2)
	w.add("routes", routesOf(r), r.Routes != nil)
	w.add("dns", strings.Trim(strings.ReplaceAll(fmt.Sprint(r.DNS), " ", ","), "[]"), r.DNS != nil)
	w.add("domain", r.Domain, r.Domain != "")
	w.add("search", strings.Join(r.Search, ","), r.Search != nil)
	w.add("mtu", r.MTU, r.MTU != 0)
	w.add("text", strings.ReplaceAll(r.Text, " ", "_"), r.Text != "")
	w.add("rapid", r.RapidCommit, r.RapidCommit)
	w.add("v6only", r.V6OnlyWait, r.HasV6OnlyWait)
	return strings.Join(w, " ")
}

type words []string

func (w *words) add(key string, v any, there bool) {
	if there {
		*w = append(*w, fmt.Sprintf("%s=%v", key, v))
	}
}

func routesOf(r dhcp4.Reply) string {
	var all []string
	for _, rt := range r.Routes {
		via := "link"
		if rt.Via.IsValid() {
			via = show(rt.Via)
		}
		all = append(all, rt.Dst.String()+">"+via)
	}
	return strings.Join(all, ",")
}
