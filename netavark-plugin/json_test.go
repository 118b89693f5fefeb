// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

// Only a reply that holds a StatusBlock and nothing else is one.
func TestStatus(t *testing.T) {
	t.Parallel()
	for reply, want := range map[string]string{
		`{"parameters":{"status":{}}}`:                             `{}`,
		`{"parameters":{"status":{"a":{"b":"}"},"c":"\\\"{"}}}`:    `{"a":{"b":"}"},"c":"\\\"{"}`,
		`{"parameters":{"status":{}},"error":"a"}`:                 "",
		`{"parameters":{"status":{}},"continues":true}`:            "",
		`{"parameters":{"status":{},"more":{}}}`:                   "",
		`{"parameters":{"status":{},"status":{}}}`:                 "",
		`{"parameters":{"status":{}} }`:                            "",
		`{"parameters":{"status":null}}`:                           "",
		`{"parameters":{"status":[{}]}}`:                           "",
		`{"parameters":{"status":{"a":{}}`:                         "",
		`{"parameters":{"mac":"02:00:00:00:00:01","status":{}}}`:   "",
		`{"parameters":{"status":`:                                 "",
		`{"parameters":{"status":}`:                                "",
		`{"parameters":{}}`:                                        "",
		`{"parameters":{"message":"no"},"error":"io.leased.Gone"}`: "",
		"": "",
	} {
		if got := status([]byte(reply)); string(got) != want {
			t.Errorf("%s: %q, want %q", reply, got, want)
		}
	}
}

// FuzzStatus: of a reply that is JSON, nothing but a whole status comes out.
func FuzzStatus(f *testing.F) {
	f.Add([]byte(`{"parameters":{"status":{"a":{"b":"}"},"c":"\\\"{"}}}`))
	f.Add([]byte(`{"parameters":{"status":{},"status":{}}}`))
	f.Fuzz(func(t *testing.T, reply []byte) {
		got := status(reply)
		if got == nil || !json.Valid(reply) {
			return
		}
		var r leaseapi.Reply
		var s map[string]json.RawMessage
		if err := json.Unmarshal(reply, &r); err != nil || r.Error != "" || r.Continues {
			t.Fatalf("%s: %+v, %v", reply, r, err)
		}
		if err := json.Unmarshal(r.Parameters, &s); err != nil || len(s) != 1 || string(s["status"]) != string(got) {
			t.Errorf("%s: %s", reply, fmt.Sprint(s))
		}
	})
}

// What would not stay in its place in the message.
func TestSendable(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]bool{
		`{}`: true, " \t\r\n{\"a\":\"}\\\"\"} \n": true, `{"a":1]}`: true, // which leased cannot parse
		"": false, " ": false, "hello": false, `[{}]`: false, `{"a":1}{"b":2}`: false, `{"a":1`: false, `{"a":"}`: false,
		"{\"a\":1}\x00": false, `{"a":"` + "\x00" + `"}`: false, `{}},"oneway":true,"x":{"y":{}`: false,
	} {
		if got := sendable([]byte(document)); got != want {
			t.Errorf("%q: %v", document, got)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/run/netns/a-b_c~ d": true, `/a"b`: false, `/a\b`: false, "/é": false, "/\n": false, "/\x7f": false} {
		if plain(path) != want {
			t.Errorf("%q", path)
		}
	}
}
