// SPDX-License-Identifier: Apache-2.0

package main

const memfdCreate = 319 // which package syscall lacks here
