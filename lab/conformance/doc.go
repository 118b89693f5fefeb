// SPDX-License-Identifier: Apache-2.0

// Package conformance lists, row by row, the requirements for leased and the tests that show
// them. It consists of tests: they fail if a row names no test, or a test that does not
// exist, and if leased/CONFORMANCE.md differs from the page that the rows make.
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
// A row is a key and a requirement. Its evidence follows, each on a line of its own after a
// tab. A test is named by its package's directory and its name. After a slash a subtest may
// follow, or a case of the test's table, by its name in the source. A test that is not
// written yet is "pending: " and its future name. Lines that begin with # are comments for
// editors of the rows.
package conformance

//go:generate go test . -run TestPage -update
