// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	suffix    = ".json"
	aside     = ".bad"  // suffix of a file that could not be read
	temporary = ".part" // suffix of a file being written, with its number
)

// Names that leased gives, which begin with a digest; only such files are ever removed.

func isRecord(name string) bool { return afterDigest(name) == suffix }

func isAside(name string) bool { return afterDigest(name) == suffix+aside }

// isPart takes the names without a number that an older leased gave, too.
func isPart(name string) bool {
	number, ok := strings.CutPrefix(afterDigest(name), suffix)
	if !ok {
		return false
	}
	if number, ok = strings.CutSuffix(number, temporary); !ok || number == "" {
		return ok
	}
	digits, dot := strings.CutPrefix(number, ".")
	return dot && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// afterDigest is the rest of a name that begins with a digest; "": the name does not.
func afterDigest(name string) string {
	const digest = 2 * 16 // hexadecimal digits
	if len(name) < digest || strings.Trim(name[:digest], "0123456789abcdef") != "" {
		return ""
	}
	return name[digest:]
}

// isForeign reports whether another program has put this file among the records.
func isForeign(name string) bool { return strings.HasSuffix(name, suffix) && !isRecord(name) }

// walk calls do with the matching names in the directory, read a few at a time: another
// program may have filled it.
func (s *Store) walk(match func(name string) bool, do func(name string)) error {
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		some, err := dir.Readdirnames(256)
		for _, name := range some {
			if match(name) {
				do(name)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// dated is a file with a time of its life.
type dated struct {
	name string
	at   time.Time
}

func (d dated) compare(other dated) int {
	return cmp.Or(d.at.Compare(other.at), strings.Compare(d.name, other.name))
}

func written(i fs.FileInfo) time.Time { return i.ModTime() }

// renamed returns when a file got its name; a rename does not change its ModTime.
func renamed(i fs.FileInfo) time.Time { return time.Unix(i.Sys().(*syscall.Stat_t).Ctim.Unix()) }

// newest returns the names of the newest matching files, at most limit, the newest
// first. The others are removed: at a later start, when they are even older, they would
// count as live. At most twice limit names are in memory.
func (s *Store) newest(match func(string) bool, limit int, at func(fs.FileInfo) time.Time) (names []string, removed int, err error) {
	var all []dated
	cut := func() {
		slices.SortFunc(all, func(a, b dated) int { return b.compare(a) })
		for ; len(all) > limit; all = all[:len(all)-1] {
			if e := s.root.Remove(all[len(all)-1].name); e != nil {
				err = cmp.Or(err, e)
				continue
			}
			removed++
		}
	}
	walked := s.walk(match, func(name string) {
		info, e := s.root.Lstat(name)
		if e != nil {
			err = cmp.Or(err, e)
			return
		}
		if all = append(all, dated{name, at(info)}); len(all) == 2*limit {
			cut()
		}
	})
	cut()
	for _, f := range all {
		names = append(names, f.name)
	}
	return names, removed, cmp.Or(walked, err)
}
