// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"podman-net-dhcp/internal/options"
)

func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../packaging/man/net-dhcp-hook.8.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each annotation has its line, and there is no other.
func TestManualHasEachAnnotation(t *testing.T) {
	t.Parallel()
	_, annotations, _ := strings.Cut(manual(t), "\n## ANNOTATIONS\n")
	annotations, _, _ = strings.Cut(annotations, "\n## ")
	var said []string
	for _, m := range regexp.MustCompile("(?m)^(`.*)\n: ").FindAllStringSubmatch(annotations, -1) {
		said = append(said, strings.NewReplacer("*", "", "`", "").Replace(m[1]))
	}
	p := options.Prefix
	want := []string{p + "KEY=VALUE", p + annName + "=NAME", p + annInterface + "=NAME", p + "N.KEY=VALUE"}
	if fmt.Sprint(said) != fmt.Sprint(want) {
		t.Errorf("the manual has %q, the hook %q", said, want)
	}
}

func TestManualHasTheBounds(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(manual(t)), " ") // wherever its lines break
	for _, want := range []string{
		fmt.Sprintf("*N* from 1 to %d.", maxNetwork),
		fmt.Sprintf("takes less than %.0f s.", createTimeout.Seconds()),
		fmt.Sprintf("**lease_timeout** must be less than %s.", createTimeout),
		fmt.Sprintf("in %.0f s at most", poststopTimeout.Seconds()),
		"with a timeout of " + hooksJSON(t, "create") + " s and " + hooksJSON(t, "poststop") + " s.",
		"the identifier *net-dhcp-hook* and with the fields *CONTAINER_ID* and *CONTAINER_NAME*",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the manual does not say %q", want)
		}
	}
}

// hooksJSON is the timeout in the hook's JSON, whose stage has to be in the manual.
func hooksJSON(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../hooks.d", "net-dhcp-"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		Hook   struct{ Timeout int }
		Stages []string
	}
	if err := json.Unmarshal(text, &h); err != nil || len(h.Stages) != 1 {
		t.Fatalf("%v, %v", h, err)
	}
	if !strings.Contains(manual(t), "\n**"+h.Stages[0]+"**\n: ") {
		t.Errorf("stage %s is not described", h.Stages[0])
	}
	return fmt.Sprint(h.Hook.Timeout)
}
