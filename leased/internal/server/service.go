// SPDX-License-Identifier: Apache-2.0

package server

import _ "embed"

// serviceInterface describes org.varlink.service, which every Varlink service has.
//
//go:embed org.varlink.service.varlink
var serviceInterface string
