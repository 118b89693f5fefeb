// SPDX-License-Identifier: Apache-2.0

// Package conformance holds what leased has to show, row by row, and which test
// shows it. It has tests only: they fail where a row names no test, or one that
// does not exist, and where leased/CONFORMANCE.md is not what the rows make of it.
//
// rows/ has a file for each table:
//
//	== RFC 2131
//	A paragraph before the first row is about the table.
//
//	4.4.5 | A lease is renewed by unicast, from its address
//		wire.TestUnicastRenewsWithDnsmasq
//		lease.TestTable/BOUND/timer due
//		deviation: why we do something else
//
// A row is a key, what is required, and below it its evidence, each on a line of
// its own behind a tab. A test is its package's directory and its name; behind
// slashes may follow a subtest, or a case of the test's table, by the name that it
// has in the source. What is not written yet is "pending: " and its name to be.
// Lines that begin with # are for whoever edits the rows.
package conformance

//go:generate go test . -run TestPage -update
