// SPDX-License-Identifier: Apache-2.0

package lan_test

import (
	"testing"

	"podman-net-dhcp/leased/internal/lan"
)

// A bridge under an alternative name is the same LAN: two clients there are rivals.
func TestTwoNamesAreOneLAN(t *testing.T) {
	t.Parallel()
	for name, same := range map[string]func(l *lan.LANs){
		"before both":        func(l *lan.LANs) { l.Same("the-lan", "br0") },
		"known by its name":  func(l *lan.LANs) { l.Join(lan.Identity{Key: "x", Host: "br0"}); l.Same("the-lan", "br0") },
		"known by the other": func(l *lan.LANs) { l.Join(lan.Identity{Key: "x", Host: "the-lan"}); l.Same("the-lan", "br0") },
		"one name":           func(l *lan.LANs) { l.Same("br0", "br0"); l.Same("the-lan", "br0") },
	} {
		l := lan.New(lan.Config{})
		same(l)
		one := l.Join(lan.Identity{Key: "a", Host: "br0", Client: "c"})
		other := l.Join(lan.Identity{Key: "b", Host: "the-lan", Client: "c"})
		elsewhere := l.Join(lan.Identity{Key: "b", Host: "br1", Client: "c"})
		if one.Claim(nil) != nil || elsewhere.Claim(nil) != nil {
			t.Errorf("%s: a first one has rivals", name)
		}
		if rivals := other.Claim(nil); len(rivals) != 1 || rivals[0] != one {
			t.Errorf("%s: rivals %v", name, rivals)
		}
	}
}
