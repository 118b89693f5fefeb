// SPDX-License-Identifier: Apache-2.0

package main

// plain reports whether a path stands in JSON as it is.
func plain(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// sendable reports whether a document may go into a message as it is: it is one object, and stays
// inside its place. Whether it is JSON, leased finds out.
func sendable(document []byte) bool {
	for _, c := range document {
		if c == 0 {
			return false
		}
	}
	d := trim(document)
	return len(d) > 0 && objectEnd(d) == len(d)
}

// trim takes JSON's white space off both ends.
func trim(b []byte) []byte {
	space := func(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// status returns the StatusBlock in the reply, or nil if there is anything else in it.
func status(reply []byte) []byte {
	if len(reply) < len(statuses)+2 || string(reply[:len(statuses)]) != statuses {
		return nil
	}
	s, rest := reply[len(statuses):len(reply)-2], reply[len(reply)-2:]
	if string(rest) != "}}" || objectEnd(s) != len(s) {
		return nil
	}
	return s
}

// objectEnd returns the length of the JSON object with which s begins, or 0.
func objectEnd(s []byte) int {
	depth, text := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case !text && c == '{':
			depth++
		case !text && c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		if depth == 0 {
			return 0
		}
	}
	return 0
}
