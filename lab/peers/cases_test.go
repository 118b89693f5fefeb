// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"slices"
	"strings"
)

// replies are all replies; to the first one nobody can object.
var replies = slices.Concat([]reply{{name: "plain"}}, optionReplies, headerReplies, valueReplies)

// zeros is hex of n zeros.
func zeros(n int) string { return strings.Repeat("00", n) }
