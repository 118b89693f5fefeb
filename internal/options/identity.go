// SPDX-License-Identifier: Apache-2.0

package options

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// Identity is the identity of an attachment at the DHCP server. It is derived from
// names, not from the container's id, so that a container that is created again is the
// same client: its reservation holds and the pool does not drain.
type Identity struct {
	Network, Container, Interface string
}

// MachineIDFile has the host's id (machine-id(5)).
const MachineIDFile = "/etc/machine-id"

// LinkMAC returns the MAC of the attachment's link: given, random, or derived from the
// machine-id and the names.
func (o Options) LinkMAC(id Identity) (net.HardwareAddr, error) {
	switch {
	case o.MAC != nil:
		return o.MAC, nil
	case o.MACFrom == "random":
		var b [6]byte
		_, _ = rand.Read(b[:]) // never fails
		return local(b[:]), nil
	}
	sum, err := id.digest("mac")
	if err != nil {
		return nil, fmt.Errorf("%w; try: systemd-machine-id-setup, or -o mac=random", err)
	}
	return local(sum[:6]), nil
}

// ClientIDOption returns option 61 for the attachment, type byte first; nil: none.
func (o Options) ClientIDOption(id Identity, mac net.HardwareAddr) ([]byte, error) {
	switch o.ClientID {
	case "none":
		return nil, nil
	case "mac":
		return append([]byte{1}, mac...), nil // hardware type 1, RFC 2132 §9.14
	case "duid":
		return o.duid(id)
	}
	if raw, ok := parseHex(o.ClientID); ok {
		return raw, nil
	}
	return append([]byte{0}, o.ClientID...), nil // type 0: not a hardware address
}

// duid returns RFC 4361's client id: 255, the attachment's IAID, the DUID.
func (o Options) duid(id Identity) ([]byte, error) {
	six, err := o.DHCPv6(id)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32([]byte{255}, six.IAID), six.DUID...), nil
}

// Identity6 is the identity of an attachment in IPv6.
type Identity6 struct {
	DUID   []byte // of the host, or of the container on this network: a DUID-UUID (RFC 6355)
	IAID   uint32 // of the attachment (RFC 8415 §12)
	Secret []byte // 16 bytes, of the attachment's stable interface identifiers (RFC 7217)
}

// DHCPv6 returns the attachment's identity in IPv6.
func (o Options) DHCPv6(id Identity) (six Identity6, err error) {
	var whose Identity // the host's
	if o.DUID == "container" {
		whose = Identity{Network: id.Network, Container: id.Container} // whatever the interface's name is
	}
	duid, err := whose.digest("duid")
	if err != nil {
		return six, err
	}
	iaid, err := id.digest("iaid")
	if err != nil {
		return six, err
	}
	secret, err := id.digest("ipv6")
	if err != nil {
		return six, err
	}
	return Identity6{
		DUID: append([]byte{0, 4}, duid[:16]...), IAID: binary.BigEndian.Uint32(iaid), Secret: secret[:16],
	}, nil
}

// digest mixes the names with the machine-id. The machine-id itself is never shown, as
// machine-id(5) demands.
func (id Identity) digest(use string) ([]byte, error) {
	machine, err := os.ReadFile(MachineIDFile)
	if err != nil {
		return nil, fmt.Errorf("read the machine-id: %w", err)
	}
	key := strings.TrimSpace(string(machine))
	if len(key) != 32 {
		return nil, fmt.Errorf("read the machine-id: %s does not contain one", MachineIDFile)
	}
	h := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(h, "net-dhcp\x00%s\x00%s\x00%s\x00%s", use, id.Network, id.Container, id.Interface)
	return h.Sum(nil), nil
}

// local makes a MAC locally administered and unicast.
func local(b []byte) net.HardwareAddr {
	b[0] = b[0]&^1 | 2
	return b
}

// parseHex reads 0x0102… or 01:02:…; anything else is text. It uses no regexp: compiling
// two took longer than the rest of the plugin's start.
func parseHex(s string) ([]byte, bool) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		digits = strings.ReplaceAll(s, ":", "")
		ok = len(digits) > 2 && len(s) == len(digits)/2*3-1
		for i := 2; ok && i < len(s); i += 3 {
			ok = s[i] == ':'
		}
	}
	raw, err := hex.DecodeString(digits)
	return raw, ok && err == nil && len(raw) > 0
}

func parseClientID(o *Options, v string) error {
	if raw, ok := parseHex(v); v == "" || ok && len(raw) < 2 {
		return errors.New("at least two bytes (RFC 2132 §9.14)")
	}
	if len(v) > 254 {
		return errors.New("at most 254 bytes")
	}
	o.ClientID = v
	return nil
}

// hostLabel checks a label of a host name: letters, digits and, inside, hyphens (RFC
// 1123 §2.1).
func hostLabel(s string) bool {
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-'
}

func parseHostname(o *Options, v string) error {
	for _, label := range strings.Split(v, ".") {
		if !hostLabel(label) {
			return errors.New("not a host name")
		}
	}
	o.Hostname = v
	return nil
}

// HostnameOption returns the name to send to the server: the option's, else the first
// candidate that makes a host name (the container's host name, its name, its short id).
// Empty: none.
func (o Options) HostnameOption(candidates ...string) string {
	switch o.Hostname {
	case "none":
		return ""
	case "auto":
		for _, c := range candidates {
			if name := hostname(c); name != "" {
				return name
			}
		}
		return ""
	}
	return o.Hostname
}

// hostname turns a container's name into a host name (RFC 1123 §2.1). The container's
// name may have underscores and more than 63 characters.
func hostname(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '_' {
			return '-'
		}
		return r
	}, s)
	var o Options
	if len(s) > 63 {
		s = s[:63]
	}
	s = strings.Trim(s, "-.")
	if parseHostname(&o, s) != nil {
		return ""
	}
	return s
}
