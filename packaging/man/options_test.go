// SPDX-License-Identifier: Apache-2.0

package man_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"podman-net-dhcp/internal/options"
)

// option is one of net-dhcp(7) as the page has it.
type option struct{ name, allowed, standard, where string }

var entry = regexp.MustCompile(`(?m)^\*\*(\w+)\*\*=\*[A-Z]+\*\n: Allowed: (.+)\. Default: (\S+)\. (Of the network alone|Also of a container)\.$`)

func optionsOf(t *testing.T) (all []option) {
	t.Helper()
	for _, m := range entry.FindAllStringSubmatch(chapter(t, page(t, "net-dhcp.7"), "## OPTIONS"), -1) {
		all = append(all, option{m[1], m[2], m[3], m[4]})
	}
	return all
}

// refusal is what the code says to a value, or to a key that it does not know.
func refusal(t *testing.T, parse func(map[string]string) (options.Options, error), key, value string) string {
	t.Helper()
	if _, err := parse(map[string]string{key: value}); err != nil {
		return err.Error()
	}
	return ""
}

func ofNetwork(m map[string]string) (options.Options, error) { return options.Parse(m) }

func ofContainer(m map[string]string) (options.Options, error) { return options.Per(nil, m) }

func TestEachOptionIsDescribed(t *testing.T) {
	t.Parallel()
	_, keys, _ := strings.Cut(refusal(t, ofNetwork, "?", ""), "; allowed: ")
	var described []string
	for _, o := range optionsOf(t) {
		described = append(described, o.name)
	}
	same(t, "options", described, strings.Split(keys, ", "))
	same(t, "terms of OPTIONS", names(chapter(t, page(t, "net-dhcp.7"), "## OPTIONS")), described)
}

func TestOptionsAllowWhatThePageSays(t *testing.T) {
	t.Parallel()
	for _, o := range optionsOf(t) {
		_, allowed, told := strings.Cut(refusal(t, ofNetwork, o.name, ""), "; allowed: ")
		if !told {
			allowed = "text"
		}
		if o.allowed != allowed {
			t.Errorf("%s: the page allows %q, the code %q", o.name, o.allowed, allowed)
		}
		network := strings.Contains(refusal(t, ofContainer, o.name, ""), "belongs to the network")
		if network != (o.where == "Of the network alone") {
			t.Errorf("%s: %s, says the page", o.name, o.where)
		}
	}
}

func TestOptionsHaveTheDefaultsOfThePage(t *testing.T) {
	t.Parallel()
	usual, err := options.Parse()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range optionsOf(t) {
		if o.standard == "none" {
			nothing(t, o.name, usual)
			continue
		}
		if got, err := options.Parse(map[string]string{o.name: o.standard}); err != nil || !reflect.DeepEqual(got, usual) {
			t.Errorf("%s=%s is not the default: %v\n%+v\n%+v", o.name, o.standard, err, got, usual)
		}
	}
}

// nothing checks that what the option sets is not set without it.
func nothing(t *testing.T, name string, usual options.Options) {
	t.Helper()
	for _, value := range []string{"eth0", "1400", "192.0.2.9"} {
		o, err := options.Parse(map[string]string{name: value})
		if err != nil {
			continue
		}
		was, is := reflect.ValueOf(usual), reflect.ValueOf(o)
		for i := range was.NumField() {
			if !was.Field(i).IsZero() && !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
				t.Errorf("%s has a default: %v", name, was.Field(i))
			}
		}
		return
	}
	t.Errorf("%s takes none of the values that this test knows", name)
}

// What the pages' examples say must be right.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	taken := 0
	for _, name := range pages {
		text := page(t, name)
		for pattern, parse := range map[string]func(map[string]string) (options.Options, error){
			`-o (\w+)=([^\s*]+)`: ofNetwork, `[:,](\w+)=([^\s,*]+)`: ofContainer,
			`io\.leased\.(?:1\.)?(\w+)=([^\s*]+)`: ofNetwork, "`(\\w+)=(\\w+)`": ofNetwork,
		} {
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
				if own := " ip mac name interface KEY "; strings.Contains(own, " "+m[1]+" ") {
					continue // Podman's own, and the hook's
				}
				if taken++; refusal(t, parse, m[1], m[2]) != "" {
					t.Errorf("%s: %s: %s", name, m[0], refusal(t, parse, m[1], m[2]))
				}
			}
		}
	}
	if taken < 10 {
		t.Errorf("only %d options in examples", taken)
	}
}

// An option that a page's prose names in bold is one.
func TestProseNamesOptionsThatAre(t *testing.T) {
	t.Parallel()
	for _, name := range pages {
		for _, m := range regexp.MustCompile(`\*\*([a-z0-9]+(?:_[a-z0-9]+)+)\*\*(\(\d\))?`).FindAllStringSubmatch(page(t, name), -1) {
			if m[2] != "" {
				continue // another page
			}
			if said := refusal(t, ofNetwork, m[1], ""); strings.Contains(said, "unknown option") {
				t.Errorf("%s names %s, which is no option", name, m[1])
			}
		}
	}
}
