// SPDX-License-Identifier: Apache-2.0

// Package chaos kills leased wherever it hurts: at each step of a start and of an
// end (leased/internal/failpoint), at random, with its disk full or read-only, and
// with its clock moved. After that four are compared that have to agree: what the
// server has given, what the kernel of each container has, what leased lists, and
// what it has on disk.
//
//	go test ./lab/chaos -run TestRandomKills -rounds 1000 -seed 42 -timeout 2h
//
// A round takes a second or so on two cores, and hardly any memory; 1000 rounds take
// half an hour.
package chaos
