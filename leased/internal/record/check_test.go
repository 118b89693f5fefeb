// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"strings"
	"testing"
)

// edit puts a JSON value at a path such as lease.DNS.0; it appends behind a list's end.
func edit(t *testing.T, in any, path, value string) {
	t.Helper()
	steps := strings.Split(path, ".")
	m := in.(map[string]any)
	for _, s := range steps[:len(steps)-1] {
		next := m[s]
		if list, ok := next.([]any); ok {
			next = list[0]
		}
		m = next.(map[string]any)
	}
	if value == "" {
		delete(m, steps[len(steps)-1])
		return
	}
	m[steps[len(steps)-1]] = json.RawMessage(value)
}

func list(of string, n int) string { return "[" + of + strings.Repeat(","+of, n-1) + "]" }

// other is an address of another network, as the binding's sources have it.
func other(addr, subnet string) string {
	return `{"addr":"` + addr + `","subnet":"` + subnet + `","ifindex":3,"via":"10.89.0.1"}`
}

// The rules of a container with another network outlive leased.
func TestSourcesAreKept(t *testing.T) {
	t.Parallel()
	for sources, want := range map[string]string{
		`{}`: `"sources":{}`,
		`{"others":[` + other("10.89.0.5", "10.89.0.0/24") + `]}`: `"sources":{"others":[` + other("10.89.0.5", "10.89.0.0/24") + `]}`,
	} {
		v := tree(t, golden(t, "record-rich"))
		edit(t, v, "bound.sources", sources)
		b, err := json.Marshal(decode[Record](t, encode(t, v)))
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s, %v", sources, b, err)
		}
	}
}

func TestImpossibleRecordsAreRefused(t *testing.T) {
	t.Parallel()
	route := `{"Dst":"0.0.0.0/0","Via":"192.0.2.1"}`
	for _, tt := range []struct{ path, value, why string }{
		{"version", `2`, "version 2 is not 1"},
		{"version", ``, "version 0 is not 1"},
		{"bootId", `"` + strings.Repeat("b", 256) + `"`, "boot id"},
		{"request", ``, "attachment.containerId"},
		{"request.attachment.containerName", `"\u001b["`, "attachment.containerName"},
		{"request.link.netns", `"../x"`, "link.netns"},
		{"request.link.mac", `"01:00:00:00:00:01"`, "link.mac"},
		{"request.link.index", `2147483648`, "link: index"},
		{"request.client.secret", `"00"`, "client.secret"},
		{"request.client.duid", ``, "client.duid"},
		{"request.policy.release", `"later"`, "policy.release"},
		{"request.policy.onTimeout", ``, "policy.onTimeout"},
		{"cookie", `-1`, "cookie"},
		{"number", `-2`, "number out of range"},
		{"number", `2147483648`, "number out of range"},
		{"serverMac", `"AA=="`, "server MAC"},
		{"serverMac", `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="`, "server MAC"},
		{"until", `-1`, "before the boot"},
		{"resolvConf", `{"Path":"x/resolv.conf","Inode":1}`, "impossible resolv.conf"},
		{"resolvConf", `{"Path":"/x/resolv.conf"}`, "impossible resolv.conf"},
		{"resolvConf", `{"Path":"/` + strings.Repeat("x", 4096) + `","Inode":1}`, "impossible resolv.conf"},
		{"waiting", `true`, "waiting with a lease"},
		{"lease", ``, "a lease without address or server"},
		{"lease.Addr", `"2001:db8::1/64"`, "a lease without address or server"},
		{"lease.Server", `"::1"`, "a lease without address or server"},
		{"lease.Expiry", `-9223372036854775808`, "lease: a time"},
		{"lease.T1", `9223372036854775808`, "T1"},
		{"lease.Routes", list(route, 129), "lease: impossible routes"},
		{"lease.Routes.Via", `"::1"`, "lease: impossible routes"},
		{"lease.Routes.Dst", `""`, "lease: impossible routes"},
		{"lease.MTU", `65536`, "lease: MTU"},
		{"lease.Domain", `"a\nnameserver 192.0.2.66"`, "lease: impossible domain"},
		{"lease.Search", `["a b"]`, "lease: impossible DNS"},
		{"lease.Search", `[""]`, "lease: impossible DNS"},
		{"lease.DNS", `[""]`, "lease: impossible DNS"},
		{"lease.DNS", list(`"192.0.2.1"`, 129), "lease: impossible DNS"},
		{"bound.Ifindex", `-1`, "binding: index"},
		{"bound.Addr", `"2001:db8::1/64"`, "binding: impossible address"},
		{"bound.Valid", `-1`, "binding: a negative lifetime"},
		{"bound.Routes", list(route, 129), "binding: impossible routes"},
		{"bound.Metric", `4294967296`, "binding: metric"},
		{"bound.MTU", `-1`, "binding: MTU"},
		{"bound.sources", `{"others":[` + other("10.89.0.5", "2001:db8::/64") + `]}`, "binding: impossible addresses of other"},
		{"bound.sources", `{"others":[` + other("::1", "10.89.0.0/24") + `]}`, "binding: impossible addresses of other"},
		{"bound.sources", `{"others":` + list(other("10.89.0.5", "10.89.0.0/24"), 129) + `}`, "binding: impossible addresses of other"},
		{"six.lease.Server", `""`, "a DHCPv6 lease without address or server"},
		{"six.lease.Server", `"` + strings.Repeat("AAAA", 44) + `"`, "DHCPv6 lease: too long"},
		{"six.lease.Addrs.Addr", `"192.0.2.1"`, "a DHCPv6 lease without address or server"},
		{"six.lease.Addrs.Valid", `-1`, "DHCPv6 lease: a time"},
		{"six.lease.T2", `-1`, "DHCPv6 lease: a time"},
		{"six.lease.DNS", `["fe80::1%eth0\nx"]`, "DHCPv6 lease: impossible DNS"},
		{"six.bound.Ifindex", `2147483648`, "IPv6 binding: index"},
		{"six.bound.Addrs.Addr", `""`, "IPv6 binding: impossible addresses"},
		{"six.bound.Addrs.Preferred", `-1`, "IPv6 binding: impossible addresses"},
		{"six.flood", `{"until":-1,"rest":1}`, "impossible flood"},
		{"six.flood", `{"until":1,"rest":76800000000001}`, "impossible flood"},
		{"six.routers.Search", `["$(x)"]`, "impossible DNS"},
		{"resolves.Servers", `["fe80::1%\n"]`, "impossible DNS"},
	} {
		v := tree(t, golden(t, "record-rich"))
		edit(t, v, tt.path, tt.value)
		r := Record{BootID: "before"}
		err := json.Unmarshal(encode(t, v), &r)
		if err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s %.50s: %v", tt.path, tt.value, err)
		}
		if r.BootID != "before" || r.Cookie != 0 {
			t.Errorf("%s %.50s: it is %+v", tt.path, tt.value, r)
		}
	}
}

func TestOtherJSONIsRefused(t *testing.T) {
	t.Parallel()
	for _, b := range []string{`{"version":1,"boo`, `[]`, `null`, `7`, `{}`, `""`} {
		if json.Unmarshal([]byte(b), &Record{}) == nil || json.Unmarshal([]byte(b), &Memo{}) == nil {
			t.Errorf("%s is taken", b)
		}
	}
}

// What the machines put in order, or mean something by, passes.
func TestOddRecordsAreTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, value string }{
		{"lease.T1", `9223372036854775807`}, // later than Expiry
		{"lease.T2", `1`},
		{"lease.Start", `9223372036854775807`},
		{"six.lease.T2", `1`},
		{"six.lease.Addrs.Preferred", `9223372036854775807`},
		{"bound", ``}, // a lease that could not be applied
		{"six.bound", ``},
		{"six", ``},
		{"resolves", ``},
		{"serverMac", ``},
		{"number", `-1`},
		{"lease.Routes", `[]`},
		{"something", `"of a newer leased"`},
	} {
		v := tree(t, golden(t, "record-rich"))
		edit(t, v, tt.path, tt.value)
		decode[Record](t, encode(t, v))
	}
}

func TestImpossibleMemosAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, value, why string }{
		{"version", `2`, "version 2 is not 1"},
		{"request.link.mac", `"x"`, "link.mac"},
		{"lease.Server", `""`, "a lease without address or server"},
		{"at", `-1`, "before its boot"},
		{"written", `"yesterday"`, "yesterday"},
	} {
		v := tree(t, golden(t, "memo-rich"))
		edit(t, v, tt.path, tt.value)
		m := Memo{At: 7}
		if err := json.Unmarshal(encode(t, v), &m); err == nil || !strings.Contains(err.Error(), tt.why) || m.At != 7 {
			t.Errorf("%s %s: %v", tt.path, tt.value, err)
		}
	}
	v := tree(t, golden(t, "memo-rich"))
	edit(t, v, "waiting", "true")
	if m := decode[Memo](t, encode(t, v)); m.Waiting {
		t.Error("a memo of a lease waits for one")
	}
}
