// SPDX-License-Identifier: Apache-2.0

package rtnetlink_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

var native = binary.NativeEndian

// ack is an acknowledgement, or with an errno a refusal, with the message's header.
func ack(seq uint32, no unix.Errno) []byte {
	var r rtnetlink.Request
	r.Add(unix.NLMSG_ERROR, 0, native.AppendUint32(nil, uint32(-int32(no))), rtnetlink.Attr{Value: make([]byte, 12)})
	return rtnetlink.Datagram(r, seq)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	other := ack(8, 0)
	native.PutUint16(other[4:], unix.NLMSG_NOOP)
	none := rtnetlink.ErrUnanswered
	for name, tt := range map[string]struct {
		datagrams [][]byte
		want      []error
	}{
		"in order":         {[][]byte{ack(7, 0), ack(8, unix.EEXIST), ack(9, 0)}, []error{nil, unix.EEXIST, nil}},
		"out of order":     {[][]byte{ack(9, unix.EINVAL), ack(7, 0), ack(8, 0)}, []error{nil, nil, unix.EINVAL}},
		"in one datagram":  {[][]byte{slices.Concat(ack(9, 0), ack(8, unix.ENODEV), ack(7, 0))}, []error{nil, unix.ENODEV, nil}},
		"none":             {nil, []error{none, none, none}},
		"one is lost":      {[][]byte{ack(7, 0), ack(9, 0)}, []error{nil, none, nil}},
		"of others":        {[][]byte{ack(6, 0), ack(10, 0), ack(1<<31, 0), ack(8, 0)}, []error{none, nil, none}},
		"the first counts": {[][]byte{ack(7, unix.EEXIST), ack(7, 0)}, []error{unix.EEXIST, none, none}},
		"short":            {[][]byte{ack(7, 0)[:18], ack(8, 0)[:7], {}, ack(9, 0)}, []error{none, none, nil}},
		"of another kind":  {[][]byte{ack(7, 0), other}, []error{nil, none, none}},
	} {
		answers, n := rtnetlink.Take(7, 3, tt.datagrams...)
		want := 0
		for i, err := range tt.want {
			if !errors.Is(answers[i].Err, err) {
				t.Errorf("%s: answers %v, want %v", name, answers, tt.want)
			}
			if !errors.Is(err, none) {
				want++
			}
		}
		if n != want {
			t.Errorf("%s: counted %d answers, want %d", name, n, want)
		}
	}
}

// A body outlives the buffer that the next datagram is read into.
func TestBodyIsACopy(t *testing.T) {
	t.Parallel()
	var r rtnetlink.Request
	r.Add(unix.RTM_NEWLINK, 0, rtnetlink.LinkHeader(5, 0, 0), rtnetlink.String(unix.IFLA_IFNAME, "lan0"))
	datagram := rtnetlink.Datagram(r, 1)
	answers, _ := rtnetlink.Take(1, 1, datagram)
	clear(datagram)
	if l, err := rtnetlink.ParseLink(answers[0].Body); err != nil || l.Index != 5 || l.Name != "lan0" {
		t.Errorf("read %+v, %v", l, err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(slices.Concat(ack(7, unix.EEXIST), ack(8, 0)))
	f.Add(ack(9, 0)[:18])
	var r rtnetlink.Request
	r.Add(unix.RTM_NEWLINK, 0, rtnetlink.LinkHeader(5, 0, 0), rtnetlink.Nested(unix.IFLA_LINKINFO,
		rtnetlink.String(unix.IFLA_INFO_KIND, "veth"), rtnetlink.String(unix.IFLA_INFO_SLAVE_KIND, "bridge"),
		rtnetlink.Nested(unix.IFLA_INFO_SLAVE_DATA, rtnetlink.Attr{Type: unix.IFLA_BRPORT_STATE, Value: []byte{3}})))
	f.Add(rtnetlink.Datagram(r, 7))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		answers, n := rtnetlink.Take(7, 3, datagram)
		if n < 0 || n > 3 {
			t.Errorf("%d answers", n)
		}
		size := 0
		for _, a := range answers {
			size += len(a.Body)
			l, err := rtnetlink.ParseLink(a.Body)
			if err == nil && len(l.Name)+len(l.Alias)+len(l.Kind)+len(l.PortKind)+len(l.MAC) > len(a.Body) {
				t.Errorf("%d bytes make %+v", len(a.Body), l)
			}
		}
		for m := range rtnetlink.Messages(datagram) {
			for _, value := range rtnetlink.Attrs(m.Body) {
				size += len(value)
			}
		}
		if size > 2*len(datagram) {
			t.Errorf("%d bytes have %d bytes of answers", len(datagram), size)
		}
	})
}
