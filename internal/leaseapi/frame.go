// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi/pipe"
)

// MaxFrame is the largest message that either side accepts, in bytes.
const MaxFrame = pipe.MaxFrame

// ErrFrameTooLong says that a peer sent more than MaxFrame without ending it.
var ErrFrameTooLong = errors.New("message longer than 64 KiB")

// Call is a Varlink call.
type Call struct {
	Method     string          `json:"method"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	OneWay     bool            `json:"oneway,omitempty"`
	More       bool            `json:"more,omitempty"`
	Upgrade    bool            `json:"upgrade,omitempty"`
}

// Reply is a Varlink reply; Error is empty for success.
type Reply struct {
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Continues  bool            `json:"continues,omitempty"`
	Error      string          `json:"error,omitempty"`
}

// Framer reads and writes Varlink messages: JSON, each ended by one NUL byte. From a
// *net.UnixConn it also takes a descriptor with each message.
type Framer struct {
	r           *bufio.Reader
	w           io.Writer
	descriptors *descriptors // nil: the connection cannot carry any
	read        int64        // bytes of the messages that Read has returned
}

// NewFramer makes a Framer for a connection. The user of a *net.UnixConn calls
// CloseDescriptors at its end.
func NewFramer(rw io.ReadWriter) *Framer {
	f := &Framer{w: rw}
	if conn, ok := rw.(messages); ok {
		f.descriptors = &descriptors{conn: conn}
		f.r = bufio.NewReader(f.descriptors)
	} else {
		f.r = bufio.NewReader(rw)
	}
	return f
}

// TakeDescriptor hands over the descriptor that came with the message that Read returned last;
// the caller closes it. Only the goroutine that calls Read may call it. The next Read closes a
// descriptor that nobody took.
func (f *Framer) TakeDescriptor() (fd int, ok bool) {
	if f.descriptors == nil {
		return -1, false
	}
	return f.descriptors.take(f.read)
}

// CloseDescriptors closes a descriptor that nobody took, and all that come later. Any goroutine
// may call it.
func (f *Framer) CloseDescriptors() {
	if f.descriptors != nil {
		f.descriptors.close()
	}
}

// Read reads one message into v. At a clean end of the stream it returns io.EOF.
func (f *Framer) Read(v any) error {
	if fd, ok := f.TakeDescriptor(); ok {
		_ = unix.Close(fd)
	}
	frame, err := f.frame()
	switch {
	case errors.Is(err, io.EOF) && len(frame) > 0:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	if err := json.Unmarshal(frame[:len(frame)-1], v); err != nil {
		return fmt.Errorf("parse message: %w", err)
	}
	return nil
}

// frame reads up to a NUL. Its buffer grows with the data: most messages are small, and
// a mass start has many connections.
func (f *Framer) frame() (whole []byte, err error) {
	for {
		part, err := f.r.ReadSlice(0)
		if whole = append(whole, part...); len(whole) > MaxFrame {
			return nil, ErrFrameTooLong
		}
		f.read += int64(len(part))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return whole, err
		}
	}
}

// Write writes v as one message.
func (f *Framer) Write(v any) error {
	b, err := Encode(v)
	if err != nil {
		return err
	}
	_, err = f.w.Write(b)
	return err
}

// Encode makes one message of v.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return append(b, 0), nil
}
