// SPDX-License-Identifier: Apache-2.0

// Package rules breaks the house's rules for the test of them. Nothing runs it.
package rules

import (
	"context"
	"sync"
)

type keeper struct {
	mu  sync.Mutex
	ctx context.Context // reported
	n   int
}

func (k *keeper) addLocked() { k.n++ }

func (k *keeper) addTwiceLocked() {
	k.addLocked()
	k.addLocked()
}

func (k *keeper) add() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.addTwiceLocked()
}

func (k *keeper) forget() { k.addLocked() } // reported

func (k *keeper) late() {
	k.addLocked() // reported
	k.mu.Lock()
	k.mu.Unlock()
}
