// SPDX-License-Identifier: Apache-2.0

// Package chaos kills leased at the worst moments: at each step of a start and of an end
// (leased/internal/failpoint), at random, with its disk full or read-only, and with its
// clock moved. It also kills the callers, with leased and without. Then it compares four
// views that must agree: the server's leases, the kernel state of the host and of each
// container, leased's list, and leased's files on disk.
//
//	go test ./lab/chaos -run TestRandomKills -rounds 1000 -seed 42 -timeout 2h
//
// A round takes a second or so on two cores, and hardly any memory; 1000 rounds take
// half an hour.
package chaos
