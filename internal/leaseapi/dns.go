// SPDX-License-Identifier: Apache-2.0

package leaseapi

import "slices"

// AppendNew appends to list the values of more that list lacks, in their order. It puts
// together the DNS servers, or the search domains, of several leases.
func AppendNew[T comparable](list, more []T) []T {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}
