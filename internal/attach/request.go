// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"encoding/binary"
	"net"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// This file builds and sends its own netlink requests. A container's start waits for
// each request, and the library's Handle adds requests of its own. Also, the library's
// Receive takes a buffer of 64 KiB on the stack, which a program that has just started
// must grow first. linux/rtnetlink.h and linux/if_link.h have the formats.

const (
	skipStats = 8 // RTEXT_FILTER_SKIP_STATS
	maxAnswer = 8192
)

// request begins a request about a link; change holds the flags of the link to set.
func request(kind uint16, flags int, change uint32) (*nl.NetlinkRequest, *nl.IfInfomsg) {
	req := nl.NewNetlinkRequest(int(kind), flags)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Flags, msg.Change = change, change
	req.AddData(msg)
	return req, msg
}

// execute sends a request and returns the body of the answer: empty if the request asked
// for an acknowledgement. The kernel answers before send returns.
func (h *Host) execute(req *nl.NetlinkRequest) ([]byte, error) {
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(h.sock, req.Serialize(), 0, kernel); err != nil {
		return nil, err
	}
	buf := make([]byte, maxAnswer)
	for {
		n, from, err := unix.Recvfrom(h.sock, buf, 0)
		if err != nil {
			return nil, err
		}
		if a, ok := from.(*unix.SockaddrNetlink); !ok || a.Pid != nl.PidKernel {
			continue
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if m.Header.Seq == req.Seq {
				return body(m)
			}
		}
	}
}

func body(m syscall.NetlinkMessage) ([]byte, error) {
	if m.Header.Type != unix.NLMSG_ERROR {
		return m.Data, nil
	}
	if len(m.Data) < 4 {
		return nil, unix.EBADMSG
	}
	if errno := -int32(binary.NativeEndian.Uint32(m.Data)); errno != 0 {
		return nil, unix.Errno(errno)
	}
	return nil, nil
}

// which selects the link that a request is about.
type which func(*nl.NetlinkRequest, *nl.IfInfomsg)

func named(name string) which {
	return func(req *nl.NetlinkRequest, _ *nl.IfInfomsg) {
		req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	}
}

func numbered(index int) which {
	return func(_ *nl.NetlinkRequest, msg *nl.IfInfomsg) { msg.Index = int32(index) }
}

// raw asks for a link (RTM_GETLINK) and returns the attributes of the answer. It fails
// with ENODEV if there is none.
func (h *Host) raw(of which) ([]byte, error) {
	req, msg := request(unix.RTM_GETLINK, 0, 0)
	of(req, msg)
	req.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStats)))
	answer, err := h.execute(req)
	if err == nil && len(answer) < unix.SizeofIfInfomsg {
		err = unix.EBADMSG
	}
	return answer, err
}

func (h *Host) get(of which) (netlink.Link, error) {
	answer, err := h.raw(of)
	if err != nil {
		return nil, err
	}
	return netlink.LinkDeserialize(nil, answer)
}

// create makes a link (RTM_NEWLINK) of a kind with these attributes.
func (h *Host) create(kind string, data *nl.RtAttr, flags uint32, attrs ...*nl.RtAttr) error {
	req, _ := request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK, flags)
	for _, a := range attrs {
		req.AddData(a)
	}
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated(kind))
	info.AddChild(data)
	req.AddData(info)
	_, err := h.execute(req)
	return err
}

// change changes a link (RTM_NEWLINK).
func (h *Host) change(name string, flags uint32, attrs ...*nl.RtAttr) error {
	req, msg := request(unix.RTM_NEWLINK, unix.NLM_F_ACK, flags)
	named(name)(req, msg)
	for _, a := range attrs {
		req.AddData(a)
	}
	_, err := h.execute(req)
	return err
}

// inside returns the attributes of the container's end: in its namespace, with its final
// name. With a nil MAC the kernel chooses one.
func inside(ns int, name string, mac net.HardwareAddr, mtu int) []*nl.RtAttr {
	attrs := []*nl.RtAttr{
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)),
		nl.NewRtAttr(unix.IFLA_NET_NS_FD, nl.Uint32Attr(uint32(ns))),
		nl.NewRtAttr(unix.IFLA_MTU, nl.Uint32Attr(uint32(mtu))),
	}
	if mac != nil {
		attrs = append(attrs, nl.NewRtAttr(unix.IFLA_ADDRESS, mac))
	}
	return attrs
}
