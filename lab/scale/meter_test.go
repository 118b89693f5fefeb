// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"encoding/json"
	"os"
	"strings"
)

// The router's kernel counts what arrives, whether or not its server comes to reading
// it: DISCOVERs by MAC, and REQUESTs by unicast, which are renewals, by address. A
// message has its type at the beginning of its options (option 53).
const rules = `table inet heard {
	set discovers { type ether_addr; size 65535; flags dynamic; }
	set renewals { type ipv4_addr; size 65535; flags dynamic; }
	chain in {
		type filter hook input priority 0;
		udp dport 67 @th,1984,24 0x350101 add @discovers { ether saddr counter }
		udp dport 67 @th,1984,24 0x350103 ip saddr != 0.0.0.0 ip daddr GATEWAY add @renewals { ip saddr counter }
	}
}`

func (s *segment) meter() {
	s.t.Helper()
	s.Router.Run("nft", strings.ReplaceAll(rules, "GATEWAY", s.Gateway.String()))
}

// discovers is how many DISCOVERs each MAC has sent.
func (s *segment) discovers() map[string]int { return s.count("discovers") }

// renewals is how many REQUESTs have come by unicast from each address.
func (s *segment) renewals() map[string]int { return s.count("renewals") }

func (s *segment) count(set string) map[string]int {
	s.t.Helper()
	var out struct {
		Nftables []struct {
			Set struct {
				Elem []struct {
					Elem struct {
						Val     string
						Counter struct{ Packets int }
					}
				}
			}
		}
	}
	must(s.t, json.Unmarshal([]byte(s.Router.Run("nft", "-j", "list", "set", "inet", "heard", set)), &out))
	all := map[string]int{}
	for _, n := range out.Nftables {
		for _, e := range n.Set.Elem {
			all[e.Elem.Val] = e.Elem.Counter.Packets
		}
	}
	return all
}

// discovers is how many DISCOVERs there were in all, on all segments.
func (h *host) discovers() (n int) {
	h.t.Helper()
	for _, s := range h.segments {
		for _, more := range s.discovers() {
			n += more
		}
	}
	return n
}

// dropped is how many messages the server's socket had no room for.
func (s *segment) dropped() (n string) {
	s.t.Helper()
	var text []byte
	s.Router.Do(func() (err error) { text, err = os.ReadFile("/proc/thread-self/net/udp"); return err })
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 13 && strings.HasSuffix(f[1], ":0043") {
			return f[12]
		}
	}
	s.t.Fatalf("no server listens: %s", text)
	return ""
}
