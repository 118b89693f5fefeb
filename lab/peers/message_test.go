// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strings"

	"podman-net-dhcp/lab/testlan"
)

// message is a reply before it is bytes: BOOTP's header with the cookie, the options, and all behind
// them.
type message struct {
	header  [240]byte
	options [][]byte // each with its code and length
	tail    []byte   // END, if nothing else
	frame   []edit   // of the frame around it
	bytes   []byte   // the frame, while these edit it
}

// edit changes a message.
type edit func(m *message)

// Offsets in a BOOTP message.
const (
	offHtype, offHlen, offHops, offXID, offFlags = 1, 2, 3, 4, 10
	offCiaddr, offYiaddr, offSiaddr, offGiaddr   = 12, 16, 20, 24
	offChaddr, offSname, offFile, offCookie      = 28, 44, 108, 236
)

// Codes of the options of a plain message, and values of option 53.
const (
	codeMask, codeRouter, codeTime, codeType, codeServer = 1, 3, 51, 53, 54
	discover, offer, request, ack                        = 1, 2, 3, 5
)

// plain is a correct message: of 192.0.2.1, for an hour.
func plain(kind byte, r testlan.Request, your netip.Addr) *message {
	m := &message{tail: []byte{255}}
	copy(m.header[:], []byte{2, 1, 6, 0})
	copy(m.header[offXID:], r.Payload[offXID:offXID+4])
	copy(m.header[offFlags:], r.Payload[offFlags:offFlags+2])
	copy(m.header[offYiaddr:], your.AsSlice())
	copy(m.header[offChaddr:], r.MAC)
	copy(m.header[offCookie:], []byte{99, 130, 83, 99})
	for _, o := range []string{"3501" + hex.EncodeToString([]byte{kind}), "3604c0000201", "330400000e10", "0104ffffff00", "0304c0000201"} {
		m.options = append(m.options, m.raw(o))
	}
	return m
}

// sealed is the frame that a message makes, to the client's MAC.
func (m *message) sealed(mac net.HardwareAddr) []byte {
	payload := append(slices.Concat(m.header[:], slices.Concat(m.options...)), m.tail...)
	m.bytes = testlan.Seal(payload, mac, netip.AddrFrom4([4]byte{255, 255, 255, 255}))
	for _, e := range m.frame {
		e(m)
	}
	return m.bytes
}

// raw reads hex, with blanks. YOUR is the address of the reply, MAC the client's.
func (m *message) raw(text string) []byte {
	text = strings.NewReplacer(" ", "", "YOUR", hex.EncodeToString(m.header[offYiaddr:offYiaddr+4]),
		"MAC", hex.EncodeToString(m.header[offChaddr:offChaddr+6])).Replace(text)
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// add adds options behind all others, and first before.
func add(text string) edit {
	return func(m *message) { m.options = append(m.options, m.raw(text)) }
}

func first(text string) edit {
	return func(m *message) { m.options = slices.Insert(m.options, 0, m.raw(text)) }
}

// set gives an option another value.
func set(code byte, text string) edit {
	return func(m *message) {
		i := slices.IndexFunc(m.options, func(o []byte) bool { return o[0] == code })
		v := m.raw(text)
		m.options[i] = append([]byte{code, byte(len(v))}, v...)
	}
}

// drop leaves options out.
func drop(codes ...byte) edit {
	return func(m *message) {
		m.options = slices.DeleteFunc(m.options, func(o []byte) bool { return slices.Contains(codes, o[0]) })
	}
}

// tail puts bytes in the place of END.
func tail(text string) edit { return func(m *message) { m.tail = m.raw(text) } }

// header puts bytes into BOOTP's header.
func header(off int, text string) edit {
	return func(m *message) { copy(m.header[off:], m.raw(text)) }
}

// your gives another address than the reply's own.
func your(addr string) edit {
	return func(m *message) { copy(m.header[offYiaddr:], netip.MustParseAddr(addr).AsSlice()) }
}

// field puts text into sname or file.
func field(off int, text string) edit { return func(m *message) { copy(m.header[off:], text) } }

// padded fills the message with zeros up to a length.
func padded(n int) edit {
	return func(m *message) {
		have := len(m.header) + len(slices.Concat(m.options...)) + len(m.tail)
		m.tail = append(m.tail, make([]byte, n-have)...)
	}
}

// onFrame puts bytes into the frame, with right checksums.
func onFrame(off int, text string) edit {
	return func(m *message) {
		v := m.raw(text)
		m.frame = append(m.frame, func(m *message) { copy(m.bytes[off:], v); testlan.Fix(m.bytes) })
	}
}

// checksum puts a UDP checksum into the frame.
func checksum(sum uint16) edit {
	return func(m *message) {
		m.frame = append(m.frame, func(m *message) { binary.BigEndian.PutUint16(m.bytes[testlan.OffUDP+6:], sum) })
	}
}
