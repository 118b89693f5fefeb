// SPDX-License-Identifier: Apache-2.0

// Package dnsname reads the names and texts that servers and routers send. It lets
// through only what may stand in resolv.conf, a state file or a log. It is pure, and
// shared by the codecs of step 7.
package dnsname

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a domain name in its text form (RFC 1035 §2.3.4).
const (
	maxLabel = 63
	maxName  = 253
)

// Valid returns s without its final dot if it is a domain name of letters, digits,
// hyphens and underscores, else "". So nothing else that a server may put into a name
// (quotes, newlines, $(), escape sequences) reaches resolv.conf, a state file or a log
// (CVE-2026-42511, CVE-2018-1111).
func Valid(s string) string {
	s = strings.TrimSuffix(s, ".")
	if len(s) > maxName {
		return ""
	}
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return ""
		}
	}
	return s
}

// validLabel allows the underscore, which names of services and of Windows hosts have.
func validLabel(l string) bool {
	if l == "" || len(l) > maxLabel || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(l, func(r rune) bool {
		ldh := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
		return !ldh && r != '_'
	})
}

// List decodes names in DNS wire form and takes at most the first most of them, with
// compression as in DHCPv4's option 119 (RFC 3397 §2). The library's decoder refuses a
// pointer to a name that ends in a pointer, which is legal and common. List leaves out
// names that are not host names. A name of broken form ends the list.
func List(b []byte, most int) (names []string) {
	for pos, read := 0, 0; pos < len(b) && read < most; read++ {
		labels, next, ok := wireName(b, pos)
		if !ok {
			break
		}
		pos = next
		// Label by label first: a dot within a label must not become a separator.
		if !valid(labels) {
			continue
		}
		if name := Valid(strings.Join(labels, ".")); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Whole reports whether b is nothing but host names in DNS wire form.
func Whole(b []byte) bool {
	for pos := 0; pos < len(b); {
		labels, next, ok := wireName(b, pos)
		if !ok || !valid(labels) {
			return false
		}
		pos = next
	}
	return true
}

func valid(labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool { return !validLabel(l) })
}

// wireName reads the name at pos. It returns the labels and where the next name begins.
// Pointers must point backwards, each further than the one before, so that no loop is
// possible (CVE-2020-7461).
func wireName(b []byte, pos int) (labels []string, next int, ok bool) {
	floor, total := pos, 0
	for pos < len(b) {
		n := int(b[pos])
		switch {
		case n == 0:
			return labels, max(next, pos+1), true
		case n >= 0xc0 && pos+1 < len(b):
			to := (n&0x3f)<<8 | int(b[pos+1])
			if to >= floor {
				return nil, 0, false
			}
			next = max(next, pos+2)
			floor, pos = to, to
		case n <= maxLabel && pos+1+n <= len(b) && total+n < maxName+1:
			labels = append(labels, string(b[pos+1:pos+1+n]))
			total += n + 1
			pos += 1 + n
		default:
			return nil, 0, false
		}
	}
	return nil, 0, false
}

// Words returns the names in a text, at most most: servers write several into option 15, with
// blanks or commas between them, a dot before one, and NULs or line ends at the end. A text with
// anything else has none.
func Words(s string, most int) (names []string) {
	apart := func(r rune) bool { return r == ' ' || r == ',' }
	for word := range strings.FieldsFuncSeq(strings.TrimRight(s, "\x00\r\n\t "), apart) {
		name := Valid(strings.TrimPrefix(word, "."))
		if name == "" {
			return nil
		}
		if len(names) < most && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Wire returns name in DNS wire form without compression. The root label ends it only if
// the name is fully qualified, that is, has a dot (RFC 4702 §2.3, RFC 4704 §4.2).
func Wire(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		label = label[:min(len(label), maxLabel)]
		b = append(append(b, uint8(len(label))), label...)
	}
	if strings.Contains(name, ".") {
		b = append(b, 0)
	}
	return b
}

// MaxText is the longest text that Printable returns, in bytes.
const MaxText = 255

// Printable returns at most MaxText bytes of s. It turns everything that a terminal or a
// log may act on (control bytes, escapes, direction marks, invalid UTF-8) into '?'.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimRight(s, "\x00"))
	for len(s) > MaxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
