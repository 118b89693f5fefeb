// SPDX-License-Identifier: Apache-2.0

package manager

// hands bound how many actors are at work at a time. Their system calls block, each
// a thread of its own: all changes of links and addresses wait for one lock in the
// kernel. Go makes as many threads as were ever blocked at once, and keeps them;
// what a thousand renewals need is two cores.
type hands chan struct{}

// maxHands, with the threads that close sockets and Go's own, stays below 16.
const maxHands = 4

func newHands() hands { return make(hands, maxHands) }

func (h hands) take() { h <- struct{}{} }
func (h hands) put()  { <-h }

// free is called by an actor at work, to wait for something else than the kernel.
func (h hands) free(wait func()) {
	h.put()
	defer h.take()
	wait()
}
