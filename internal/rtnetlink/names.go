// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import "golang.org/x/sys/unix"

// Names returns all names of the link that has a name or alternative name, its own one first. It
// fails with ENODEV if there is no such link.
func (c *Conn) Names(name string) (names []string, err error) {
	body, err := c.askLink(0, nameOf(name))
	if err != nil {
		return nil, err
	}
	l, err := ParseLink(body)
	if err != nil {
		return nil, err
	}
	names = []string{l.Name}
	var more []byte
	for kind, value := range Attrs(body[unix.SizeofIfInfomsg:]) {
		if kind == unix.IFLA_PROP_LIST {
			more = value
		}
	}
	for kind, value := range Attrs(more) {
		if kind == unix.IFLA_ALT_IFNAME {
			names = append(names, unix.ByteSliceToString(value))
		}
	}
	return names, nil
}
