// SPDX-License-Identifier: Apache-2.0

// Package skew runs programs of two versions together, as they are for a moment in every
// upgrade: an older plugin with this leased, and this plugin and hook with an older leased.
// The older ones are the versions before leased made links (io.leased.Setup).
package skew
