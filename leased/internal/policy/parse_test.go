// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"
)

// A file with one line that is wrong allows nothing, and its error names the line.
func TestWrongLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"hook":                `"hook" names no interface`,
		"bridge=br0":          "names no interface",
		"allow bridge br0":    `"bridge": want bridge=NAME or parent=NAME`,
		"hook br0":            "want bridge=NAME or parent=NAME",
		"hook bridge=":        "not an interface name",
		"hook bridge=*":       "one interface, without patterns",
		"hook bridge=br?":     "one interface, without patterns",
		"hook bridge=br0,br1": "one interface, without patterns",
		"hook bridge=" + strings.Repeat("a", 128):        "at most 127 bytes",
		"hook bridge=br0 vlan=0":                         "want VLANs",
		"hook bridge=br0 vlan=5,x":                       "want VLANs",
		"hook bridge=../x":                               "cannot contain a slash",
		"@ bridge=br0":                                   "want hook, a user, a uid, @group or @gid",
		"-x bridge=br0":                                  "want hook, a user",
		"1x bridge=br0":                                  "want hook, a user",
		"a/b bridge=br0":                                 "want hook, a user",
		"99999999999 bridge=br0":                         "want hook, a user",
		"hook bridge=br0 mac":                            "want LIMIT=VALUE",
		"hook bridge=br0 parent=eth0":                    "unknown limit parent; allowed: mode, vlan, guard, mac, ",
		"hook bridge=br0 mac=any mac=any":                "each limit once",
		"hook bridge=br0 Mac=any":                        "unknown limit Mac",
		"hook bridge=br0 mode=":                          "mode=: want bridge, private",
		"hook bridge=br0 mode=any":                       "want bridge, private",
		"hook bridge=br0 guard=on":                       "want off",
		"hook bridge=br0 mac=":                           "want any, random, a MAC",
		"hook bridge=br0 mac=02:00:00:00:00:01/49":       "want any, random, a MAC",
		"hook bridge=br0 mac=02:00:00:00:00:00:00:01":    "want any, random, a MAC",
		"hook bridge=br0 client_id=":                     "a value is empty",
		"hook bridge=br0 hostname=a,":                    "a value is empty",
		"hook bridge=br0 request_ip=2001:db8::1":         "want any, an IPv4 address",
		"hook bridge=br0 request_ip=2001:db8::/64":       "want any, an IPv4 address",
		"hook bridge=br0 request_ip=192.0.2.9-192.0.2.1": "want any, an IPv4 address",
		"hook bridge=br0 request_ip=192.0.2.0/33":        "want any, an IPv4 address",
		"hook bridge=br0 release=soon":                   "want a time from 1s to 24h",
		"hook bridge=br0 release=25h":                    "want a time from 1s to 24h",
		"hook bridge=br0 lease_timeout=0s":               "want a time from 1s to 10m",
		"hook bridge=br0 networks=0":                     "want a number from 1 to 16",
		"hook bridge=br0 networks=17":                    "want a number from 1 to 16",
		"hook bridge=br0\r":                              "control characters",
		"hook bridge=br0\x00":                            "control characters",
		"# \xff":                                         "control characters",
		"#" + strings.Repeat("x", maxLine):               "longer than 1024 bytes",
	} {
		lines, err := Parse("f", "hook bridge=br0\n\n"+line+"\nhook bridge=br1\n")
		if lines != nil || err == nil || !strings.HasPrefix(err.Error(), "f:3: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d lines, %v; want %s", line, len(lines), err, want)
		}
	}
}

// Whom the rootless callers will be.
func TestWho(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"hook", "alice", "1000", "@users", "@100", "_x", "a.b-c"} {
		lines, err := Parse("f", who+" bridge=br0\n")
		if err != nil || len(lines) != 1 || lines[0].who.String() != who || lines[0].String() != "f:1" {
			t.Errorf("%s: %v, %v", who, lines, err)
		}
	}
}

// What a refusal proposes is a line, and allows the request.
func FuzzParse(f *testing.F) {
	f.Add("hook bridge=br0 mac=02:00:00:00:07:00/40 request_ip=192.0.2.0/28,192.0.2.40-192.0.2.49", "web", "id")
	f.Add("# comment\n@users\tparent=eth0 mode=private # more\n1000 bridge=br-iot hostname=a,b client_id=any", "a_b", "x,y")
	f.Add("hook bridge=br0 release=never lease_timeout=45s networks=3\r\n", "any", "mac")
	f.Fuzz(func(t *testing.T, text, name, clientID string) {
		lines, err := Parse("f", text)
		if (err != nil) == (lines != nil) && err != nil {
			t.Errorf("%d lines and %v", len(lines), err)
		}
		r := asks(t, "mac=random lease_timeout=20s networks=xx")
		r.Name, r.Options.ClientID = plain(name), plain(clientID)
		if r.Hostname = r.Options.HostnameOption(r.Name); r.Options.ClientID == "" {
			r.Options.ClientID = "mac"
		}
		_, err = Policy{File: "p", Lines: lines}.Judge(r)
		if err == nil {
			return
		}
		_, add, _ := strings.Cut(err.Error(), ": hook bridge=br0")
		add, _, _ = strings.Cut(add, "; see leased-policy(5)")
		if number, _ := judge(t, "hook bridge=br0"+add, r); number != 1 {
			t.Errorf("of %+v the line %q is proposed, and does not allow it", r, add)
		}
	})
}

// plain is what the server lets through (request.plain), short enough for one value.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == ';' {
			return -1
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), 60)], "")
}
