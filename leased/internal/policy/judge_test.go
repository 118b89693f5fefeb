// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"podman-net-dhcp/internal/options"
)

const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// asks is a request as the hook makes it: options, and name=, networks= beside them.
func asks(t testing.TB, wish string) Request {
	t.Helper()
	r := Request{Who: Hook, ID: id, Name: id[:12], Networks: 1}
	given := map[string]string{}
	for field := range strings.FieldsSeq(wish) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "name":
			r.Name = value
		case "networks":
			r.Networks = len(value) // as many as letters
		default:
			given[key] = value
		}
	}
	if given["parent"] == "" && given["bridge"] == "" {
		given["bridge"] = "br0"
	}
	var err error
	if r.Options, err = options.Parse(given); err != nil {
		t.Fatal(err)
	}
	r.Hostname = r.Options.HostnameOption(r.Name)
	return r
}

// judge is what a policy of one file says: the line's number, or the line that is missing.
func judge(t testing.TB, text string, r Request) (number int, add string) {
	t.Helper()
	lines, err := Parse("p", text)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Policy{File: "p", Lines: lines}.Judge(r)
	if err == nil {
		return l.Number, ""
	}
	_, add, _ = strings.Cut(err.Error(), "add to p: ")
	add, _, _ = strings.Cut(add, "; see leased-policy(5)")
	return 0, add
}

// A line is about an interface, whichever of its names the line and the request have.
func TestNamesOfAnInterface(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{"hook bridge=br0": 1, "hook bridge=the-lan": 1, "hook bridge=lan": 1, "hook bridge=br1": 0} {
		r := asks(t, "bridge=the-lan")
		r.Names = []string{"br0", "the-lan", "lan"}
		if got, _ := judge(t, line, r); got != want {
			t.Errorf("%s: line %d", line, got)
		}
	}
}

func TestOneLineAllowsAllOfARequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy, wish string
		allowed      int    // line
		add          string // if none
	}{
		{"", "", 0, "hook bridge=br0"},
		{"# hook bridge=br0\n\n", "", 0, "hook bridge=br0"},
		{"hook bridge=br0", "", 1, ""},
		{"hook parent=br0", "", 1, ""}, // the interface counts
		{" \thook\tbridge=br0 # everybody\n", "", 1, ""},
		{"hook bridge=br0", "parent=eth0", 0, "hook parent=eth0"},
		{"hook bridge=br", "", 0, "hook bridge=br0"},
		{"hook bridge=BR0", "", 0, "hook bridge=br0"},
		{"alice bridge=br0\n1000 bridge=br0\n@hook bridge=br0\n@10 bridge=br0", "", 0, "hook bridge=br0"},

		{"hook parent=eth0", "parent=eth0 mode=private", 1, ""},
		{"hook parent=eth0", "parent=eth0 mode=passthru", 0, "hook parent=eth0 mode=passthru"},
		{"hook parent=eth0 mode=passthru", "parent=eth0 mode=passthru", 1, ""},
		{"hook parent=eth0 mode=private,vepa", "parent=eth0", 0, "hook parent=eth0"},
		{"hook parent=eth0 mode=private,vepa", "parent=eth0 mode=vepa", 1, ""},

		{"hook bridge=br0", "guard=on", 1, ""},
		{"hook bridge=br0", "guard=off", 0, "hook bridge=br0 guard=off"},
		{"hook bridge=br0 guard=off", "guard=off", 1, ""},
		{"hook bridge=br0", "vlan=5", 0, "hook bridge=br0 vlan=5"},
		{"hook bridge=br0 vlan=4,6", "vlan=5", 0, "hook bridge=br0 vlan=5"},
		{"hook bridge=br0 vlan=4,5", "vlan=5", 1, ""},
		{"hook bridge=br0 guard=off", "", 1, ""},

		{"hook bridge=br0", "mac=random", 0, "hook bridge=br0 mac=random"},
		{"hook bridge=br0 mac=random", "mac=random", 1, ""},
		{"hook bridge=br0 mac=random", "mac=02:00:00:00:00:66", 0, "hook bridge=br0 mac=02:00:00:00:00:66"},
		{"hook bridge=br0 mac=02:00:00:00:00:66", "mac=02:00:00:00:00:66", 1, ""},
		{"hook bridge=br0 mac=02:00:00:00:00:66", "mac=random", 0, "hook bridge=br0 mac=random"},
		{"hook bridge=br0 mac=02:00:00:00:07:00/40,random", "mac=02:00:00:00:07:99", 1, ""},
		{"hook bridge=br0 mac=02:00:00:00:07:00/40", "mac=02:00:00:00:08:00", 0, "hook bridge=br0 mac=02:00:00:00:08:00"},
		{"hook bridge=br0 mac=02:00:00:00:07:00/40", "mac=stable", 1, ""},
		{"hook bridge=br0 mac=any", "mac=12:00:00:00:08:00", 1, ""},
		{"hook bridge=br0 mac=any", "mac=random", 1, ""},

		{"hook bridge=br0", "client_id=duid", 1, ""},
		{"hook bridge=br0", "client_id=victim", 0, "hook bridge=br0 client_id=victim"},
		{"hook bridge=br0", "client_id=a,b", 0, "hook bridge=br0 client_id=any"},
		{"hook bridge=br0 client_id=victim,other", "client_id=other", 1, ""},
		{"hook bridge=br0 client_id=victim", "client_id=Victim", 0, "hook bridge=br0 client_id=Victim"},
		{"hook bridge=br0 client_id=any", "client_id=a,b", 1, ""},

		{"hook bridge=br0", "hostname=router", 0, "hook bridge=br0 hostname=router"},
		{"hook bridge=br0", "name=router", 0, "hook bridge=br0 hostname=router"},
		{"hook bridge=br0", "name=router hostname=none", 0, "hook bridge=br0 hostname=router"},
		{"hook bridge=br0", "name=a hostname=b", 0, "hook bridge=br0 hostname=b,a"},
		{"hook bridge=br0 hostname=b", "name=a hostname=b", 0, "hook bridge=br0 hostname=b,a"},
		{"hook bridge=br0 hostname=a,b", "name=a hostname=B", 1, ""},
		{"hook bridge=br0 hostname=my_web", "name=my_web", 1, ""},
		{"hook bridge=br0", "name=" + id, 1, ""},
		{"hook bridge=br0", "name=" + id[:12] + " hostname=none", 1, ""},
		{"hook bridge=br0", "name=" + id[:4], 0, "hook bridge=br0 hostname=" + id[:4]},
		{"hook bridge=br0 hostname=any", "name=wpad hostname=router", 1, ""},

		{"hook bridge=br0", "request_ip=192.0.2.9", 0, "hook bridge=br0 request_ip=192.0.2.9"},
		{"hook bridge=br0 request_ip=192.0.2.0/28", "request_ip=192.0.2.15", 1, ""},
		{"hook bridge=br0 request_ip=192.0.2.0/28", "request_ip=192.0.2.16", 0, "hook bridge=br0 request_ip=192.0.2.16"},
		{"hook bridge=br0 request_ip=192.0.2.40-192.0.2.49,192.0.2.7", "request_ip=192.0.2.49", 1, ""},
		{"hook bridge=br0 request_ip=192.0.2.40-192.0.2.49,192.0.2.7", "request_ip=192.0.2.7", 1, ""},
		{"hook bridge=br0 request_ip=192.0.2.40-192.0.2.49", "request_ip=192.0.2.50", 0, "hook bridge=br0 request_ip=192.0.2.50"},
		{"hook bridge=br0 request_ip=any", "request_ip=192.0.2.50", 1, ""},

		{"hook bridge=br0", "release=20s", 1, ""},
		{"hook bridge=br0", "release=now", 1, ""},
		{"hook bridge=br0", "release=21s", 0, "hook bridge=br0 release=21s"},
		{"hook bridge=br0 release=1h", "release=59m", 1, ""},
		{"hook bridge=br0 release=24h", "release=never", 0, "hook bridge=br0 release=never"},
		{"hook bridge=br0 release=never", "release=never", 1, ""},
		{"hook bridge=br0 release=never", "release=24h", 1, ""},
		{"hook bridge=br0 release=now", "release=1s", 0, "hook bridge=br0"},

		{"hook bridge=br0", "lease_timeout=10s", 1, ""},
		{"hook bridge=br0", "lease_timeout=11s", 0, "hook bridge=br0 lease_timeout=11s"},
		{"hook bridge=br0", "ipv6_timeout=30s", 0, "hook bridge=br0 lease_timeout=30s"},
		{"hook bridge=br0 lease_timeout=30s", "ipv6_timeout=30s lease_timeout=20s", 1, ""},
		{"hook bridge=br0 lease_timeout=5s", "", 0, "hook bridge=br0"},

		{"hook bridge=br0", "networks=xx", 0, "hook bridge=br0 networks=2"},
		{"hook bridge=br0 networks=2", "networks=xx", 1, ""},
		{"hook bridge=br0 networks=2", "networks=xxx", 0, "hook bridge=br0 networks=3"},

		// Lines do not add up.
		{"hook bridge=br0 mac=any\nhook bridge=br0 hostname=any", "mac=random name=web", 0, "hook bridge=br0 mac=random hostname=web"},
		{"hook bridge=br0 mac=any\nhook bridge=br0 hostname=any\nhook bridge=br0 mac=any hostname=any", "mac=random name=web", 3, ""},
	} {
		number, add := judge(t, c.policy, asks(t, c.wish))
		if number != c.allowed || add != c.add {
			t.Errorf("%q of %q: line %d, add %q; want line %d, %q", c.wish, c.policy, number, add, c.allowed, c.add)
		}
	}
}

// A shim configures the host, so no line allows it.
func TestNoPolicyAllowsAShim(t *testing.T) {
	t.Parallel()
	lines, err := Parse("p", "hook parent=eth0 mac=any hostname=any")
	if err != nil {
		t.Fatal(err)
	}
	p := Policy{File: "p", Lines: lines}
	if _, err := p.Judge(asks(t, "parent=eth0")); err != nil {
		t.Error(err)
	}
	for _, shim := range []string{"shim=192.0.2.9", "shim=dhcp"} {
		if _, err := p.Judge(asks(t, "parent=eth0 "+shim)); err == nil || !strings.Contains(err.Error(), shim+" configures the host, and no policy allows this") {
			t.Errorf("%s: %v", shim, err)
		}
	}
}

func TestRefusalSaysWhere(t *testing.T) {
	t.Parallel()
	lines, err := Parse("/etc/leased/policy.d/web.conf", "\nhook bridge=br0 hostname=any\nhook bridge=br0\n")
	if err != nil {
		t.Fatal(err)
	}
	_, broken := Parse("/etc/leased/policy.d/x.conf", "hook bridge=br0 colour=red")
	p := Policy{File: "/etc/leased/policy.conf", Lines: lines, Bad: []error{broken}}
	for wish, want := range map[string]string{
		"name=web mac=random": "the policy allows hook on br0 (/etc/leased/policy.d/web.conf:2), but not with mac=random; " +
			"to allow this container, add to /etc/leased/policy.d/web.conf: hook bridge=br0 mac=random hostname=web; see leased-policy(5)",
		"parent=eth0": "the policy does not allow hook on eth0: no line names it; " +
			"to allow this container, add to /etc/leased/policy.conf: hook parent=eth0; see leased-policy(5)",
	} {
		const bad = "; a file that allows nothing: /etc/leased/policy.d/x.conf:1: unknown limit colour; " +
			"allowed: mode, vlan, guard, mac, client_id, hostname, request_ip, release, lease_timeout, networks"
		if _, err := p.Judge(asks(t, wish)); err == nil || err.Error() != want+bad {
			t.Errorf("%s:\n%v\nwant\n%s", wish, err, want+bad)
		}
	}
}
