// SPDX-License-Identifier: Apache-2.0

//go:build !failpoint

package failpoint

// At marks a step where leased may end.
func At(Point) {}

// After returns the point that follows a message, sent or received; zero if there is
// none.
func After(message) Point { return 0 }
