// SPDX-License-Identifier: Apache-2.0

package dhcp6_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/dhcp6"
	dt "podman-net-dhcp/leased/internal/dhcp6/dhcp6test"
)

// Messages of public captures, rebuilt from their facts: of the test data of rtr7/router7,
// the-tcpdump-group/tcpdump, ntop/nDPI, seladb/PcapPlusPlus, systemd/systemd,
// FreeRADIUS/freeradius-server, isc-projects/kea, zeek/zeek and arkime/arkime, and of issues.
// What clients and relays send is there, too, and is no reply.
func TestCaptures(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		r, err := dhcp6.Parse(rebuild(t, c), plain)
		if got := found(r, err); got != c.Want {
			t.Errorf("%s: %.200s:\ngot  %s\nwant %s", c.Source, strings.Join(c.Facts, " "), got, c.Want)
		}
	}
}

// A message that is cut anywhere has no other addresses, and none of other lifetimes.
func TestCapturesCut(t *testing.T) {
	t.Parallel()
	for _, c := range testlan.Captures(t, "testdata") {
		b := rebuild(t, c)
		b = b[:min(len(b), 1500)]
		whole, _ := dhcp6.Parse(b, plain)
		for n := range b {
			r, err := dhcp6.Parse(b[:n], plain)
			if err != nil {
				continue
			}
			checkReply(t, r)
			if len(r.Addrs) > len(whole.Addrs) || !slices.Equal(r.Addrs, whole.Addrs[:len(r.Addrs)]) {
				t.Errorf("%s: the first %d of %d bytes have %v, and all have %v", c.Source, n, len(b), r.Addrs, whole.Addrs)
			}
		}
	}
}

// rebuild returns the message for our IAID.
func rebuild(t testing.TB, c testlan.Capture) []byte { return dt.Rebuild(t, c, 7, iaid) }

// found spells a reply as captures.txt does.
func found(r dhcp6.Reply, err error) string {
	if errors.Is(err, dhcp6.ErrNotReply) {
		return "not a reply"
	}
	if err != nil || r.XID != 7 {
		return fmt.Sprintf("transaction ID %d, %v", r.XID, err)
	}
	w := words{r.Type.String()}
	w.add("client", len(r.Client), r.Client != nil)
	w.add("server", len(r.Server), r.Server != nil)
	w.add("preference", r.Preference, r.Preference != 0)
	w.add("status", uint16(r.Status), r.Status != 0)
	w.add("text", strings.ReplaceAll(r.StatusText, " ", "_"), r.StatusText != "")
	w.add("ia", fmt.Sprintf("%d/%d", r.T1, r.T2), r.HasIA)
	w.add("iastatus", uint16(r.IAStatus), r.IAStatus != 0)
	for _, a := range r.Addrs {
		w.add("addr", fmt.Sprintf("%s@%d/%d", a.Addr, a.Preferred, a.Valid), true)
		w.add("!status", uint16(a.Status), a.Status != 0)
	}
	w.add("rapid", r.RapidCommit, r.RapidCommit)
	w.add("solmaxrt", r.SolMaxRT, r.SolMaxRT != 0)
	w.add("infmaxrt", r.InfMaxRT, r.InfMaxRT != 0)
	w.add("refresh", r.Refresh, r.HasRefresh)
	w.add("dns", strings.Trim(strings.ReplaceAll(fmt.Sprint(r.DNS), " ", ","), "[]"), r.DNS != nil)
	w.add("search", strings.Join(r.Search, ","), r.Search != nil)
	return strings.Join(w, " ")
}

type words []string

func (w *words) add(key string, v any, there bool) {
	if there {
		*w = append(*w, fmt.Sprintf("%s=%v", key, v))
	}
}
