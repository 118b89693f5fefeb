// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"hash/fnv"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Working marks, in a file in memory, whose work is under way. The mark of a leased that was
// killed stays: a container whose work gets leased killed is found by the next one. A mark costs
// no system call. A nil Working marks nothing.
type Working struct {
	marks  *[maxMarks]atomic.Uint64
	before map[uint64]bool
}

// maxMarks is more than work at a time. Whoever finds no place has no mark.
const maxMarks = 16

// OpenWorking maps the file at path, which it makes if it is missing, and takes the marks that
// are in it.
func OpenWorking(path string) (*Working, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, int64(unsafe.Sizeof([maxMarks]uint64{}))); err != nil {
		return nil, fmt.Errorf("size %s: %w", path, err)
	}
	page, err := unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	w := &Working{marks: (*[maxMarks]atomic.Uint64)(unsafe.Pointer(&page[0])), before: map[uint64]bool{}}
	for i := range w.marks {
		if mark := w.marks[i].Swap(0); mark != 0 {
			w.before[mark] = true
		}
	}
	return w, nil
}

// Begin marks a key, and returns where, for End.
func (w *Working) Begin(key string) int {
	if w == nil {
		return maxMarks
	}
	for i, mark := 0, markOf(key); i < maxMarks; i++ {
		if w.marks[i].CompareAndSwap(0, mark) {
			return i
		}
	}
	return maxMarks
}

// End takes away the mark that Begin has set.
func (w *Working) End(at int) {
	if at < maxMarks {
		w.marks[at].Store(0)
	}
}

// Was reports whether the key was at work when the leased before was killed.
func (w *Working) Was(key string) bool { return w != nil && w.before[markOf(key)] }

// markOf is never 0.
func markOf(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return h.Sum64() | 1
}
