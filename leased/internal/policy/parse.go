// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"podman-net-dhcp/internal/options"
)

// Bounds on what a policy may be.
const (
	maxLine = 1024     // bytes
	maxFile = 64 << 10 // bytes
)

// Parse reads the text of a file. Its error names the file and the line, and then no line of
// the file counts.
func Parse(file, text string) (lines []Line, err error) {
	n := 0
	for raw := range strings.Lines(text) {
		n++
		line, err := parseLine(strings.TrimSuffix(raw, "\n"))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if line != nil {
			line.File, line.Number = file, n
			lines = append(lines, *line)
		}
	}
	return lines, nil
}

// parseLine returns nil for a line that is empty or a comment.
func parseLine(text string) (*Line, error) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' })
	for i, field := range fields {
		if strings.HasPrefix(field, "#") {
			fields = fields[:i]
			break
		}
	}
	switch {
	case len(text) > maxLine:
		return nil, fmt.Errorf("the line is longer than %d bytes", maxLine)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }):
		return nil, errors.New("the line has control characters; a line ends with a line feed alone")
	case len(fields) == 0:
		return nil, nil
	case len(fields) == 1:
		return nil, fmt.Errorf("%q names no interface; a line is WHO, then bridge=NAME or parent=NAME, then limits", fields[0])
	}
	return parseFields(fields)
}

func parseFields(fields []string) (*Line, error) {
	l := Line{limits: usual()}
	var err error
	if l.who, err = ParseWho(fields[0]); err != nil {
		return nil, err
	}
	if l.host, err = parseWhere(fields[1]); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, field := range fields[2:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok || seen[name] {
			return nil, fmt.Errorf("%q: want LIMIT=VALUE, each limit once", field)
		}
		seen[name] = true
		if err := l.limits.set(name, value); err != nil {
			return nil, err
		}
	}
	return &l, nil
}

func parseWhere(field string) (host string, err error) {
	word, host, ok := strings.Cut(field, "=")
	if !ok || word != "bridge" && word != "parent" {
		return "", fmt.Errorf("%q: want bridge=NAME or parent=NAME", field)
	}
	if strings.ContainsAny(host, "*?[],") {
		return "", fmt.Errorf("%q: a line names one interface, without patterns", field)
	}
	if err := options.CheckHostInterface(host); err != nil {
		return "", fmt.Errorf("%q: %w", field, err)
	}
	return host, nil
}

// ParseWho reads a WHO.
func ParseWho(text string) (Who, error) {
	name := strings.TrimPrefix(text, "@")
	number := strings.Trim(name, "0123456789") == ""
	switch {
	case name == "", len(name) > 32, number && len(name) > 10, strings.ContainsFunc(name, notInName), !number && strings.ContainsAny(name[:1], "-.0123456789"):
		return Who{}, fmt.Errorf("%q: want hook, a user, a uid, @group or @gid", text)
	}
	return Who{text}, nil
}

// notInName is for the names of users and groups, as useradd(8) takes them.
func notInName(r rune) bool {
	return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
