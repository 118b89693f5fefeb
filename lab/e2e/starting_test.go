// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"fmt"
	"sync"
)

// whileStarting does something while containers start, one after the other in each of
// some ways: from before it begins until after its end, and none fails.
func whileStarting(s *scene, do func(), ways ...[]string) {
	s.Helper()
	var running sync.WaitGroup
	done := make(chan struct{})
	for i, way := range ways {
		first := make(chan struct{})
		running.Go(func() {
			started := 0
			for ended := false; !ended; started++ {
				select {
				case <-done:
					ended = true // one more, from the beginning
				default:
				}
				args := append([]string{"run", "--rm", "--name", fmt.Sprintf("%s-w%d", s.name, i)}, way...)
				if r := try("podman", append(args, image, "true")...); r.code != 0 {
					s.Errorf("start %d with %v: %v", started, way, r)
					ended = true
				}
				if started == 0 {
					close(first)
				}
			}
			s.Logf("%d starts with %v", started, way)
		})
		<-first
	}
	do()
	close(done)
	running.Wait()
}
