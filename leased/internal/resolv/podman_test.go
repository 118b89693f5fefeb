// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A process of the container can mount any file that it sees over its /etc/resolv.conf, in a
// mount namespace of its own: Podman's description of the container does not change by that.
// What else Podman has described is the user's wish.
func TestWhatIsNotPodmansFile(t *testing.T) {
	t.Parallel()
	dir := "run/overlay-containers/" + id + "/userdata/"
	for name, tt := range map[string]struct {
		source, option, id string
	}{
		"the engine's hosts":            {source: dir + "hosts"},
		"a secret":                      {source: dir + "secrets/token"},
		".containerenv":                 {source: dir + ".containerenv"},
		"the user's, by -v":             {source: "host/resolv.conf"},
		"another container's":           {source: "run/overlay-containers/" + id + "0/userdata/resolv.conf"},
		"the ID as a file's name":       {source: "host/resolv.conf." + id},
		"read-only":                     {source: dir + "resolv.conf", option: "ro"},
		"an ID that is a word":          {source: "run/systemd/resolve/resolv.conf", id: "resolve"},
		"no ID":                         {source: "resolv.conf"},
		"an ID that is a path":          {source: dir + "resolv.conf", id: "../overlay-containers/" + id},
		"a container that is not there": {source: dir + "resolv.conf", id: strings.Repeat("0", 64)},
	} {
		s := begin(t)
		file := s.file(tt.source, engines)
		s.mounts(file, tt.option)
		if tt.id != "" || name == "no ID" {
			s.ContainerID = tt.id
		}
		t.Log(name)
		s.rewrite(false, ErrForeign)
		s.reads(file, engines)
	}
}

func TestNoMountOfPodmans(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.rewrite(false, ErrForeign) // no Podman
	s.file("graph/overlay-containers/"+id+"/userdata/config.json", `{"mounts":[{"destination":"/etc/hosts","source":"/x"}]}`)
	s.rewrite(false, ErrForeign)
	described := s.mounts(filepath.Join(s.dir, "run/"+id+"/resolv.conf"))
	s.rewrite(false, ErrForeign) // no file
	must(t, os.WriteFile(described, []byte("{"), 0o600))
	if changed, err := s.do(); changed || err == nil {
		t.Errorf("half a description: %v, %v", changed, err)
	}
	must(t, os.Remove(described))
	must(t, os.Symlink(s.file("host/config.json", `{}`), described))
	s.rewrite(false, ErrForeign)
}

// The administrator may have moved the storage, by storage.conf(5) or by a symlink.
func TestWherePodmanKeepsContainers(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	must(t, os.Rename(s.root, s.root+"2"))
	must(t, os.Symlink(s.root+"2", s.root+"3"))
	for _, conf := range []string{
		"[storage]\n# graphroot = \"/nowhere\"\ndriver=\"overlay\"\ngraphroot = \"" + s.root + "2\"\n",
		"graphroot='" + s.root + "3'",
	} {
		must(t, os.WriteFile(file, []byte(engines), 0o644))
		s.confs = []string{s.file("none/storage.conf", "[storage]\n"), filepath.Join(s.dir, "missing"), s.file("storage.conf", conf)}
		s.rewrite(true, nil)
		s.reads(file, enginew)
	}
}
