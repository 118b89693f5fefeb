// SPDX-License-Identifier: Apache-2.0

package leaseapi_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// types are the Go types of what the interface describes.
var types = map[string]reflect.Type{
	"type Attachment":           reflect.TypeFor[leaseapi.Attachment](),
	"type Link":                 reflect.TypeFor[leaseapi.Link](),
	"type Client":               reflect.TypeFor[leaseapi.Client](),
	"type Policy":               reflect.TypeFor[leaseapi.Policy](),
	"type Route":                reflect.TypeFor[leaseapi.Route](),
	"type Address6":             reflect.TypeFor[leaseapi.Address6](),
	"type Lease":                reflect.TypeFor[leaseapi.Lease](),
	"type Status":               reflect.TypeFor[leaseapi.Status](),
	"method Setup":              reflect.TypeFor[leaseapi.SetupRequest](),
	"method Teardown":           reflect.TypeFor[leaseapi.TeardownRequest](),
	"reply of Setup":            reflect.TypeFor[leaseapi.SetupReply](),
	"reply of Teardown":         reflect.TypeFor[struct{}](),
	"error Refused":             reflect.TypeFor[message](),
	"method Acquire":            reflect.TypeFor[leaseapi.AcquireRequest](),
	"method Release":            reflect.TypeFor[leaseapi.ReleaseRequest](),
	"method ReleaseContainer":   reflect.TypeFor[leaseapi.ReleaseContainerRequest](),
	"method NoteResolvConf":     reflect.TypeFor[leaseapi.NoteResolvConfRequest](),
	"reply of NoteResolvConf":   reflect.TypeFor[struct{}](),
	"method List":               reflect.TypeFor[struct{}](),
	"reply of Acquire":          reflect.TypeFor[leaseapi.AcquireReply](),
	"reply of Release":          reflect.TypeFor[struct{}](),
	"reply of ReleaseContainer": reflect.TypeFor[struct{}](),
	"reply of List":             reflect.TypeFor[leaseapi.ListReply](),
	"method May":                reflect.TypeFor[leaseapi.MayRequest](),
	"reply of May":              reflect.TypeFor[leaseapi.MayReply](),
	"error NoLease":             reflect.TypeFor[message](),
	"error Failed":              reflect.TypeFor[message](),
}

type message struct {
	Message string `json:"message"`
}

var (
	comment = regexp.MustCompile(`(?m)^\s*#.*$`)
	clause  = regexp.MustCompile(`(type|method|error)\s+(\w+)\s*\(([^()]*)\)(?:\s*->\s*\(([^()]*)\))?`)
)

// described is the interface as its text has it: from "type Link" to its fields,
// each as "name: type", in order.
func described(text string) map[string][]string {
	all := map[string][]string{}
	for _, m := range clause.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
		all[m[1]+" "+m[2]] = fieldsOf(m[3])
		if m[1] == "method" {
			all["reply of "+m[2]] = fieldsOf(m[4])
		}
	}
	return all
}

func fieldsOf(list string) (fields []string) {
	for f := range strings.SplitSeq(list, ",") {
		if f = strings.Join(strings.Fields(f), " "); f != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

func TestInterfaceAgreesWithTheTypes(t *testing.T) {
	t.Parallel()
	if !strings.Contains(leaseapi.Interface, "\ninterface io.leased\n") {
		t.Error("no line: interface io.leased")
	}
	text := described(leaseapi.Interface)
	for what, fields := range text {
		typ, ok := types[what]
		if !ok {
			t.Errorf("%s has no Go type", what)
			continue
		}
		var want []string
		for i := range typ.NumField() {
			want = append(want, varlink(typ.Field(i)))
		}
		if !slices.Equal(fields, want) {
			t.Errorf("%s is\n  %q\nand in Go\n  %q", what, fields, want)
		}
	}
	for what := range types {
		if _, ok := text[what]; !ok {
			t.Errorf("%s is not described", what)
		}
	}
}

func TestMethodsAndErrorsAreDescribed(t *testing.T) {
	t.Parallel()
	text := described(leaseapi.Interface)
	for _, name := range []string{
		leaseapi.MethodSetup, leaseapi.MethodTeardown, leaseapi.MethodAcquire, leaseapi.MethodRelease, leaseapi.MethodReleaseContainer, leaseapi.MethodList,
		leaseapi.MethodMay,
	} {
		if _, ok := text["method "+strings.TrimPrefix(name, "io.leased.")]; !ok {
			t.Errorf("%s is not described", name)
		}
	}
	for _, name := range []string{leaseapi.ErrorNoLease, leaseapi.ErrorFailed, leaseapi.ErrorRefused} {
		if _, ok := text["error "+strings.TrimPrefix(name, "io.leased.")]; !ok {
			t.Errorf("%s is not described", name)
		}
	}
}

// varlink spells a field as the interface would.
func varlink(f reflect.StructField) string {
	name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	typ, optional := f.Type, ""
	if opts != "" {
		optional = "?"
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return name + ": " + optional + kind(typ)
}

func kind(t reflect.Type) string {
	if t == reflect.TypeFor[json.RawMessage]() {
		return "object"
	}
	switch t.Kind() {
	case reflect.Map:
		return "[" + kind(t.Key()) + "]" + kind(t.Elem())
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Bool:
		return "bool"
	case reflect.Slice:
		return "[]" + kind(t.Elem())
	case reflect.Struct:
		if t.PkgPath() == "podman-net-dhcp/internal/leaseapi" {
			return t.Name()
		}
	}
	return "string" // netip's write themselves as text
}
