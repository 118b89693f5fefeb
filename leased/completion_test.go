// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const completions = "../packaging/completions"

// shells ask the real ones what they offer at the end of a command line.
var shells = map[string]func(t *testing.T, line string) []string{
	"bash": func(t *testing.T, line string) []string {
		// As readline takes a line apart: at blanks and around an equals sign.
		words := strings.Split(strings.ReplaceAll(line, "=", " = "), " ")
		const ask = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leased; printf '%s\n' "${COMPREPLY[@]}"`
		return strings.Fields(output(t, "bash", append([]string{"--norc", "-c", ask, completions + "/bash/leased"}, words...)...))
	},
	"zsh": func(t *testing.T, line string) (offered []string) {
		for _, m := range zshWord.FindAllStringSubmatch(output(t, "zsh", "-f", "testdata/ask.zsh", completions+"/zsh", line), -1) {
			offered = append(offered, m[1])
		}
		return offered
	},
	"fish": func(t *testing.T, line string) (offered []string) {
		t.Setenv("HOME", t.TempDir())
		out := output(t, "fish", "--no-config", "-c", `source $argv[1]; complete -C "$argv[2]"`, completions+"/fish/leased.fish", line)
		for word := range strings.Lines(out) {
			word, _, _ = strings.Cut(strings.TrimSpace(word), "\t")
			offered = append(offered, word)
		}
		return offered
	},
}

var zshWord = regexp.MustCompile(`[^<]<([^<>\n]+)>`)

// output is what a shell says, which Debian may not have installed.
func output(t *testing.T, shell string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("needs " + shell)
		}
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), shell, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v", shell, args, err)
	}
	return string(out)
}

// long are the names of options as completions offer them: not those of one letter.
func long(options []entry) (names []string) {
	for _, o := range options {
		names = append(names, o.names[0])
	}
	return names
}

// offers are what leased takes, by the beginning of a command line.
func offers(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{
		"leased -":                     long(entries(t, "", "GLOBAL OPTIONS")),
		"leased serve --log-level ":    {"debug", "info", "warn", "error"},
		"leased serve --idle-timeout ": nil,
	}
	for _, c := range commands(t) {
		all["leased "+c+" -"] = long(entries(t, c, "OPTIONS"))
	}
	all["leased "] = append(commands(t), "help")
	all["leased help "] = all["leased "]
	return all
}

func TestShellsOfferWhatLeasedTakes(t *testing.T) {
	for shell, ask := range shells {
		t.Run(shell, func(t *testing.T) {
			for line, want := range offers(t) {
				got := slices.DeleteFunc(ask(t, line), func(w string) bool { return w == "-h" || w == "-v" })
				slices.Sort(got)
				if slices.Sort(want); !slices.Equal(got, want) {
					t.Errorf("%q: %q, want %q", line, got, want)
				}
			}
			// A directory, and a value behind an equals sign.
			if got := ask(t, "leased serve --state-dir /et"); len(got) == 0 || !strings.Contains(got[0], "etc") {
				t.Errorf("no directory but %q", got)
			}
			if got := ask(t, "leased serve --log-level=d"); len(got) != 1 || !strings.HasSuffix(got[0], "debug") {
				t.Errorf("behind an equals sign: %q", got)
			}
		})
	}
}

func TestLevelsOfCompletionsAreLevels(t *testing.T) {
	for _, level := range offers(t)["leased serve --log-level "] {
		if _, err := logger(level); err != nil {
			t.Error(err)
		}
	}
}

// zsh and fish show what each is for, in the program's own words.
func TestCompletionsSayWhatHelpSays(t *testing.T) {
	all := append(entries(t, "", "COMMANDS"), entries(t, "", "GLOBAL OPTIONS")...)
	for _, c := range commands(t) {
		all = append(all, entries(t, c, "OPTIONS")...)
	}
	for _, name := range []string{"zsh/_leased", "fish/leased.fish"} {
		text, err := os.ReadFile(completions + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.NewReplacer(`'\''`, "'", `\'`, "'", `\:`, ":").Replace(string(text))
		for _, e := range all {
			if !strings.Contains(said, e.usage) {
				t.Errorf("%s: %s is not said to %q", name, e.names[0], e.usage)
			}
		}
	}
}
