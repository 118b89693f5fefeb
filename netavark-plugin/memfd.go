// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package main

import "syscall"

const memfdCreate = syscall.SYS_MEMFD_CREATE
