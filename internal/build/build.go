// SPDX-License-Identifier: Apache-2.0

// Package build holds the version of this build.
package build

// Version is set by the linker: git's description of the commit.
var Version = "dev"
