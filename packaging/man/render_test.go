// SPDX-License-Identifier: Apache-2.0

package man_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/cpuguy83/go-md2man/v2/md2man"
)

// mandoc runs it on a page as go-md2man makes it.
func mandoc(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("mandoc"); err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("needs mandoc")
		}
		t.Fatal(err)
	}
	cmd := exec.Command("mandoc", args...)
	cmd.Stdin = strings.NewReader(string(md2man.Render([]byte(page(t, name)))))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("mandoc %q: %v\n%s", args, err, out)
	}
	return string(out)
}

var overstruck = regexp.MustCompile(`.\x08`)

// What a reader sees has all that the Markdown has: nothing was taken for markup.
func TestPagesRender(t *testing.T) {
	t.Parallel()
	for _, name := range pages {
		if said := mandoc(t, name, "-T", "lint", "-W", "warning"); said != "" {
			t.Errorf("%s: %s", name, said)
		}
		title, _, _ := strings.Cut(name, ".")
		seen := overstruck.ReplaceAllString(mandoc(t, name, "-T", "utf8", "-O", "width=1000"), "")
		for _, m := range regexp.MustCompile("(?m)^([*`].*)\n: ").FindAllStringSubmatch(page(t, name), -1) {
			if want := strings.NewReplacer("*", "", "`", "").Replace(m[1]); !strings.Contains(seen, want) {
				t.Errorf("%s: %q is not in what one sees", title, want)
			}
		}
	}
}

// Each page has the chapters that its kind has (man-pages(7)).
func TestPagesHaveTheirChapters(t *testing.T) {
	t.Parallel()
	for _, name := range pages {
		text := page(t, name)
		wanted := []string{"NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO"}
		if _, program := programs[name]; program {
			wanted = append(wanted, "OPTIONS", "EXIT STATUS", "ENVIRONMENT")
		}
		for _, heading := range wanted {
			if chapter(t, text, "## "+heading) == "" {
				t.Errorf("%s: %s is empty", name, heading)
			}
		}
	}
}
