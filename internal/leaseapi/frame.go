// SPDX-License-Identifier: Apache-2.0

package leaseapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxFrame is the largest message that either side accepts, in bytes.
const MaxFrame = 64 << 10

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

// Framer reads and writes Varlink messages: JSON, each ended by one NUL byte.
type Framer struct {
	r *bufio.Reader
	w io.Writer
}

// NewFramer makes a Framer for a connection.
func NewFramer(rw io.ReadWriter) *Framer {
	return &Framer{r: bufio.NewReader(rw), w: rw}
}

// Read reads one message into v. At a clean end of the stream it returns io.EOF.
func (f *Framer) Read(v any) error {
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
		if !errors.Is(err, bufio.ErrBufferFull) {
			return whole, err
		}
	}
}

// Write writes v as one message.
func (f *Framer) Write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	_, err = f.w.Write(append(b, 0))
	return err
}
