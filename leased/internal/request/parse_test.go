// SPDX-License-Identifier: Apache-2.0

package request

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// bad is the parameter that Parse refuses.
func bad(a leaseapi.AcquireRequest) string {
	var invalid *InvalidError
	if _, err := Parse(a); errors.As(err, &invalid) {
		return invalid.Parameter
	}
	return ""
}

func TestEveryParameterIsChecked(t *testing.T) {
	t.Parallel()
	for name, changes := range wrong {
		for i, change := range changes {
			if got := bad(request(change)); got != name {
				t.Errorf("%s, case %d: %q is said to be invalid", name, i, got)
			}
		}
	}
	if got := bad(request()); got != "" {
		t.Errorf("%s of a good request", got)
	}
	// A parameter that somebody adds has to be in the table, unless all values are right.
	free := []string{
		"client.fqdn", "client.requireIp", "client.rapidCommit", "client.ipv6Mostly", "client.iaid", "policy.noDefaultRoute", "policy.resolvConf", "policy.raRoutes",
	}
	for _, name := range parameters() {
		if _, ok := wrong[name]; !ok && !strings.Contains(strings.Join(free, " "), name) {
			t.Errorf("%s is not checked", name)
		}
	}
}

// parameters are all names there are.
func parameters() (names []string) {
	for part := range fields(reflect.TypeFor[leaseapi.AcquireRequest]()) {
		for name := range fields(part.Type) {
			names = append(names, tag(part)+"."+tag(name))
		}
	}
	return names
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func tag(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
