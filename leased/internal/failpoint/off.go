// SPDX-License-Identifier: Apache-2.0

//go:build !failpoint

package failpoint

// At is where leased may end.
func At(Point) {}

// After is the point that follows a message, sent or received; zero where there is none.
func After(message) Point { return 0 }
