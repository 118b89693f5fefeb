// SPDX-License-Identifier: Apache-2.0

// Package build says which build this is and where it was told to live.
package build

// Version is set by the linker: git's description of the commit.
var Version = "dev"
