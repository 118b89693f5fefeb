// SPDX-License-Identifier: Apache-2.0

package rtnetlink

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Strict has the kernel filter what Dump lists: by the header's fields and by attributes
// such as RTA_OIF (NETLINK_GET_STRICT_CHK, Linux 5.0). It then refuses fields and attributes
// that it does not know.
func (c *Conn) Strict() error {
	return unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
}

// Dump asks for all objects of a kind (RTM_GET…) and calls each with the body of every
// answer, which is valid during the call. It fails with EINTR if the objects changed
// meanwhile: some may be missing, and the caller asks again. It ends with the first error
// of each. The rest of the answers is in the Conn then, which is of no more use.
func (c *Conn) Dump(kind uint16, header []byte, each func(body []byte) error, attrs ...Attr) error {
	var r Request
	r.Add(kind, unix.NLM_F_DUMP, header, attrs...)
	if err := c.write(&r); err != nil {
		return fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	buf := buffers.Get().(*[maxAnswer]byte)
	defer buffers.Put(buf)
	var changed bool
	for {
		// The kernel prepares the next part before read returns this one.
		n, err := unix.Read(c.fd, buf[:])
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnanswered, err)
		}
		if n == 0 {
			return ErrUnanswered
		}
		done, err := part(buf[:n], c.seq, &changed, each)
		if err == nil && done && changed {
			return unix.EINTR
		}
		if err != nil || done {
			return err
		}
	}
}

// part reads one datagram of a dump, and reports whether the dump has ended.
func part(datagram []byte, seq uint32, changed *bool, each func(body []byte) error) (done bool, err error) {
	for m := range Messages(datagram) {
		if m.Seq != seq {
			continue
		}
		*changed = *changed || m.Flags&unix.NLM_F_DUMP_INTR != 0
		switch {
		case m.Type == unix.NLMSG_DONE, m.Type == unix.NLMSG_ERROR:
			return true, errno(m.Body)
		case m.Type >= unix.NLMSG_MIN_TYPE:
			if err := each(m.Body); err != nil {
				return true, err
			}
		}
	}
	return false, nil
}
