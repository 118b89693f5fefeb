// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"syscall"
)

// maxInput is the largest document that the full program accepts, and one byte.
const maxInput = 1<<20 + 1

// read returns head and all of stdin behind it, or as much as is too much. An error ends stdin: the
// document is then not whole, and the full program says so.
func read(head string) []byte {
	b, _ := readAll(0, append(toLeased[:0], head...), len(head)+maxInput)
	return b
}

// readAll appends a file to b, until b has most bytes.
func readAll(fd int, b []byte, most int) ([]byte, error) {
	for len(b) < most {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)] // with more room
		}
		n, err := syscall.Read(fd, b[len(b):min(cap(b), most)])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN) && syscall.SetNonblock(fd, false) == nil:
			continue
		case err != nil || n == 0:
			return b, err
		}
		b = b[:len(b)+n]
	}
	return b, nil
}

// answer writes a StatusBlock that stands in a larger array.
func answer(s []byte) int {
	if err := writeAll(1, append(s, '\n')); err != nil {
		_ = writeAll(2, []byte("net-dhcp: write the answer: "+err.Error()+"\n"))
		return 1
	}
	return 0
}

// fail writes an error as netavark wants it, and returns the exit code.
func fail(text string) int {
	b := []byte(`{"error":"net-dhcp: ` + text)
	for i, c := range b[len(`{"error":"`):] {
		if c < ' ' || c == '"' || c == '\\' {
			b[len(`{"error":"`)+i] = '?'
		}
	}
	_ = writeAll(1, append(b, "\"}\n"...))
	return 1
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return err
		}
		b = b[max(n, 0):]
	}
	return nil
}
