// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// DumpSome asks for the objects of a kind (RTM_GET…) and calls each with the body of at most
// that many answers, which are valid during the call. Objects that change meanwhile may be
// missing. whole says that there were no more. If there were, the rest of them is in the socket,
// which is of no more use then: Close it.
func (c *Conn) DumpSome(kind uint16, header []byte, most int, each func(body []byte)) (whole bool, err error) {
	var r Request
	r.Add(kind, unix.NLM_F_DUMP, header)
	if err := c.write(&r); err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	buf := buffers.Get().(*[maxAnswer]byte)
	defer buffers.Put(buf)
	for {
		n, err := unix.Read(c.fd, buf[:])
		if err != nil {
			return false, fmt.Errorf("%w: %w", ErrUnanswered, err)
		}
		for m := range Messages(buf[:n]) {
			switch {
			case m.Seq != c.seq:
			case m.Type == unix.NLMSG_DONE, m.Type == unix.NLMSG_ERROR:
				return true, errno(m.Body)
			case most == 0:
				return false, nil
			default:
				most--
				each(m.Body)
			}
		}
		if n == 0 {
			return false, ErrUnanswered
		}
	}
}
