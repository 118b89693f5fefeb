// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
)

// Five hundred containers at once, on one LAN, with a server whose socket holds about
// a hundred messages: nobody fails, hardly anybody has to ask twice and nobody three
// times; and where it can be known who came first, who did is served first.
func TestMassStart(t *testing.T) {
	t.Run("at once", func(t *testing.T) { massStart(t, "quick", false) })
	t.Run("in order", func(t *testing.T) { massStart(t, "off", true) })
}

func massStart(t *testing.T, check string, inOrder bool) {
	h := newHost(t, 1)
	h.check = check
	d := h.run()
	all := h.apart(500)
	h.atOnce(all, inOrder)
	h.agree(all)
	h.calm(all)
	if inOrder {
		h.fair(all)
	}
	each(t, all, len(all), (*container).leave) // nobody answers a RELEASE, and none is lost
	h.empty()
	d.stop()
}

// apart makes containers on the first segment, each in a namespace of its own.
func (h *host) apart(n int) (all []*container) {
	h.t.Helper()
	defer took(h.t, fmt.Sprint(n, " containers"), time.Now())
	for range n {
		all = append(all, h.container(h.lan.Container(), h.segments[0]))
	}
	each(h.t, all, 4, (*container).plug)
	return all
}

// atOnce has all join before anybody looks for an answer; in order, leased has read the
// call of each before there is the next one.
func (h *host) atOnce(all []*container, inOrder bool) {
	h.t.Helper()
	defer took(h.t, fmt.Sprint(len(all), " at once"), time.Now())
	var answers []*leaseapi.Framer
	for _, c := range all {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: leaseapi.Socket(), Net: "unix"})
		must(h.t, err)
		defer conn.Close()
		params, err := json.Marshal(c.req)
		must(h.t, err)
		f := leaseapi.NewFramer(conn)
		must(h.t, f.Write(leaseapi.Call{Method: leaseapi.MethodAcquire, Parameters: params}))
		answers = append(answers, f)
		if inOrder {
			h.isRead(conn)
		}
	}
	var failed []string
	for i, c := range all {
		var reply leaseapi.Reply
		must(h.t, answers[i].Read(&reply))
		var got leaseapi.AcquireReply
		must(h.t, json.Unmarshal(reply.Parameters, &got))
		if c.lease = got.Lease; reply.Error != "" {
			failed = append(failed, fmt.Sprintf("%s: %s %s", c.at.ContainerID, reply.Error, reply.Parameters))
		}
	}
	if len(failed) > 0 {
		h.t.Fatalf("%d of %d fail: %s", len(failed), len(all), strings.Join(failed[:min(len(failed), 5)], "\n"))
	}
}

// isRead waits until the other end has read all that was written.
func (h *host) isRead(conn *net.UnixConn) {
	h.t.Helper()
	raw, err := conn.SyscallConn()
	must(h.t, err)
	for end, left := time.Now().Add(patience), 1; left > 0; {
		if time.Now().After(end) {
			h.t.Fatal("leased does not read a call")
		}
		must(h.t, raw.Control(func(fd uintptr) { left, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }))
		must(h.t, err)
	}
}

// calm checks how often they have asked, by what has come to the server's machine,
// whether or not the server could take it. After a NAK a client begins anew: dnsmasq,
// without its ping check, offers one address to several who ask at the same time.
func (h *host) calm(all []*container) {
	h.t.Helper()
	s := h.segments[0]
	asked, said, sum, refused := s.discovers(), s.tally(), 0, 0
	for mac, n := range asked {
		naks := said["DHCPNAK "+mac]
		if sum, refused = sum+n, refused+naks; n-naks > 2 {
			h.t.Errorf("%s has sent %d DISCOVERs and heard %d NAKs", mac, n, naks)
		}
	}
	h.t.Logf("%d DISCOVERs of %d containers, %d NAKs, %s messages dropped at the server's socket", sum, len(all), refused, s.dropped())
	if len(asked) != len(all) || sum-refused > len(all)*11/10 {
		h.t.Errorf("%d DISCOVERs of %d containers and %d NAKs, want at most a tenth more", sum, len(all), refused)
	}
}

// maxOvertaken is by how many another may be served earlier than it came: as many as
// leased lets ask at a time (at most 64), and as many again, for calls that come on
// several connections are read in any order.
const maxOvertaken = 128

// fair checks that the server heard from them in the order in which they came.
func (h *host) fair(all []*container) {
	h.t.Helper()
	heard := map[string]int{}
	for _, event := range h.segments[0].server.Log() {
		if mac, ok := strings.CutPrefix(event, "DHCPDISCOVER "); ok {
			if _, again := heard[mac]; !again {
				heard[mac] = len(heard)
			}
		}
	}
	most := 0
	for came, c := range all {
		served, ok := heard[c.mac.String()]
		if !ok {
			h.t.Errorf("the server has not heard %s among %s", c.mac, slices.Sorted(maps.Keys(heard)))
			continue
		}
		by := max(came-served, served-came)
		if most = max(most, by); by > maxOvertaken {
			h.t.Errorf("%s came as number %d and was served as number %d", c.at.ContainerID, came, served)
		}
	}
	h.t.Logf("nobody was served more than %d out of its order", most)
}
