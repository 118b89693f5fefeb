# SPDX-License-Identifier: Apache-2.0
# podman-net-dhcp: build, test and install. `make` lists the targets.

PREFIX  ?= /usr
ARCH     =
DESTDIR ?=
GO      ?= go

# Builds from git and from the tarball are the same: no -buildvcs.
VERSION := $(shell packaging/version || echo unknown)
LDFLAGS := -s -w -X podman-net-dhcp/internal/build.Version=$(VERSION)
# Without urfave/cli's writer of manuals, which would bring a Markdown parser into the tool.
TAGS    := urfave_cli_no_docs
GOBUILD := $(GO) build -trimpath -buildvcs=false -tags $(TAGS) -ldflags '$(LDFLAGS)'
export CGO_ENABLED = 0

BINDIR     = $(PREFIX)/bin
LIBEXECDIR = $(PREFIX)/libexec
# The tool looks here, from BINDIR: ../libexec/leased. The plugin does, from PLUGINDIR: ../leased.
DAEMONDIR  = $(LIBEXECDIR)/leased
DATADIR    = $(PREFIX)/share
UNITDIR    = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
NETWORKDDIR = $(PREFIX)/lib/systemd/network
NMCONFDIR   = $(PREFIX)/lib/NetworkManager/conf.d
MANDIR     = $(DATADIR)/man
DOCDIR     = $(DATADIR)/doc/podman-net-dhcp
LICENSEDIR = $(DATADIR)/licenses/podman-net-dhcp
BASHDIR    = $(DATADIR)/bash-completion/completions
ZSHDIR     = $(DATADIR)/zsh/site-functions
FISHDIR    = $(DATADIR)/fish/vendor_completions.d
# Where Podman and netavark look.
PLUGINDIR  = $(LIBEXECDIR)/netavark
HOOKDIR    = $(LIBEXECDIR)/oci/hooks.d
HOOKJSON   = $(DATADIR)/containers/oci/hooks.d

# Tools of ours that nobody needs who builds.
TOOL  := $(GO) tool -modfile=lab/tools.mod
PAGES := leased.8 net-dhcp-hook.8 net-dhcp.7 io.leased.7 leased-policy.5
UNITS := leased.socket leased.service leased-helper.socket leased-helper.service

.DEFAULT_GOAL := help
.PHONY: help build tags man install install-hook uninstall dist rpm deb selinux apparmor release licenses vuln demo test test-go test-e2e test-chaos test-churn test-scale test-long test-matrix test-fuzz fuzz bench bench-quick lint fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The tool finds the daemon by the place of its own file, and the plugin finds the full plugin so: here
# in libexec/leased/, installed in DAEMONDIR.
build: ## bin/net-dhcp, bin/net-dhcp-hook, bin/leased and what these become, static
	$(GOBUILD) -o bin/net-dhcp ./netavark-plugin
	$(GOBUILD) -o bin/libexec/leased/net-dhcp ./netavark-plugin/full
	$(GOBUILD) -o bin/net-dhcp-hook ./oci-hook
	$(GOBUILD) -o bin/leased ./leased/tool
	$(GOBUILD) -o bin/libexec/leased/leased ./leased
	$(GOBUILD) -o bin/libexec/leased/helper ./leased/helper

# The build tags, for scripts and tests that build or list the programs by themselves.
tags:
	@echo $(TAGS)

man: ## bin/man: the man pages
	@mkdir -p bin/man
	set -e; for page in $(PAGES); do GOOS= GOARCH= $(GO) tool go-md2man -in packaging/man/$$page.md -out bin/man/$$page; done

FILE := install -D -m 0644
install: build man ## put everything in place; DESTDIR= and PREFIX=/usr as usual
	install -D -m 0755 bin/libexec/leased/net-dhcp $(DESTDIR)$(DAEMONDIR)/net-dhcp
	install -D -m 0755 bin/net-dhcp $(DESTDIR)$(PLUGINDIR)/net-dhcp
	install -D -m 0755 bin/net-dhcp-hook $(DESTDIR)$(HOOKDIR)/net-dhcp-hook
	install -D -m 0755 bin/leased $(DESTDIR)$(BINDIR)/leased
	install -D -m 0755 bin/libexec/leased/leased $(DESTDIR)$(DAEMONDIR)/leased
	install -D -m 0755 bin/libexec/leased/helper $(DESTDIR)$(DAEMONDIR)/helper
	$(FILE) -t $(DESTDIR)$(UNITDIR) $(UNITS:%=packaging/systemd/%)
	$(FILE) packaging/sysusers/leased.conf $(DESTDIR)$(SYSUSERSDIR)/leased.conf
	$(FILE) -t $(DESTDIR)$(NETWORKDDIR) packaging/systemd/00-net-dhcp.network
	$(FILE) -t $(DESTDIR)$(NMCONFDIR) packaging/networkmanager/90-net-dhcp.conf
	sed -i 's,@DAEMONDIR@,$(DAEMONDIR),g' $(DESTDIR)$(UNITDIR)/leased.service $(DESTDIR)$(UNITDIR)/leased-helper.service
	$(FILE) -t $(DESTDIR)$(MANDIR)/man5 $(filter %.5,$(PAGES:%=bin/man/%))
	$(FILE) -t $(DESTDIR)$(MANDIR)/man7 $(filter %.7,$(PAGES:%=bin/man/%))
	$(FILE) -t $(DESTDIR)$(MANDIR)/man8 $(filter %.8,$(PAGES:%=bin/man/%))
	$(FILE) packaging/completions/bash/leased $(DESTDIR)$(BASHDIR)/leased
	$(FILE) packaging/completions/zsh/_leased $(DESTDIR)$(ZSHDIR)/_leased
	$(FILE) packaging/completions/fish/leased.fish $(DESTDIR)$(FISHDIR)/leased.fish
	$(FILE) -t $(DESTDIR)$(LICENSEDIR) LICENSE packaging/licenses/THIRD-PARTY
	$(FILE) -t $(DESTDIR)$(DOCDIR) README.md CHANGELOG.md SECURITY.md
	cd packaging/examples && find . -type f -exec $(FILE) {} $(abspath $(DESTDIR))$(DOCDIR)/examples/{} \;

# With the JSON, Podman and CRI-O call the hook for every container with annotations of ours.
install-hook: install ## install, and have Podman call the OCI hook (needs Podman 4.5.1 and a policy)
	$(FILE) -t $(DESTDIR)$(HOOKJSON) hooks.d/net-dhcp-create.json hooks.d/net-dhcp-poststop.json
	sed -i 's,@HOOK@,$(HOOKDIR)/net-dhcp-hook,g' $(DESTDIR)$(HOOKJSON)/net-dhcp-create.json $(DESTDIR)$(HOOKJSON)/net-dhcp-poststop.json

# The hook's JSON goes first: one that names a missing program makes every
# container's start fail.
uninstall: ## remove what install put there; leases and state stay
	rm -f $(DESTDIR)$(HOOKJSON)/net-dhcp-create.json $(DESTDIR)$(HOOKJSON)/net-dhcp-poststop.json
	rm -f $(DESTDIR)$(HOOKDIR)/net-dhcp-hook $(DESTDIR)$(PLUGINDIR)/net-dhcp $(DESTDIR)$(BINDIR)/leased
	rm -f $(DESTDIR)$(DAEMONDIR)/leased $(DESTDIR)$(DAEMONDIR)/helper $(DESTDIR)$(DAEMONDIR)/net-dhcp
	rm -f $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) $(DESTDIR)$(SYSUSERSDIR)/leased.conf
	rm -f $(DESTDIR)$(NETWORKDDIR)/00-net-dhcp.network $(DESTDIR)$(NMCONFDIR)/90-net-dhcp.conf
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man5/,$(filter %.5,$(PAGES)))
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man7/,$(filter %.7,$(PAGES))) $(addprefix $(DESTDIR)$(MANDIR)/man8/,$(filter %.8,$(PAGES)))
	rm -f $(DESTDIR)$(BASHDIR)/leased $(DESTDIR)$(ZSHDIR)/_leased $(DESTDIR)$(FISHDIR)/leased.fish
	rm -f $(addprefix $(DESTDIR)$(LICENSEDIR)/,LICENSE THIRD-PARTY) $(addprefix $(DESTDIR)$(DOCDIR)/,README.md CHANGELOG.md SECURITY.md)
	rm -rf $(DESTDIR)$(DOCDIR)/examples
	rmdir --ignore-fail-on-non-empty $(DESTDIR)$(LICENSEDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DAEMONDIR)

# make rpm ARCH=aarch64, make deb ARCH=arm64: for another machine.
dist: ## dist/: the source, with the modules it is built of
	packaging/dist dist

rpm: ## dist/: source and binary packages for Fedora and RHEL
	@command -v rpmbuild >/dev/null || lab/deps --only rpm rpmlint
	packaging/rpm/build dist $(ARCH)

deb: ## dist/: packages for Debian and Ubuntu
	@lab/deps --only debhelper dpkg-dev lintian
	packaging/deb/build dist $(ARCH)

selinux: ## bin/leased.pp, the SELinux module, compiled and checked (root)
	@lab/deps --only checkpolicy policycoreutils python3-setools selinux-policy-dev selinux-utils semodule-utils setools
	packaging/selinux/build bin/leased.pp
	packaging/selinux/check bin/leased.pp

apparmor: ## compile the AppArmor profile (root)
	packaging/apparmor/check

release: ## dist/: everything for amd64, arm64, arm and 386, with checksums (root)
	@lab/deps --only debhelper dpkg-dev jq lintian qemu-user-static rpm rpmlint
	packaging/release dist

licenses: ## list anew what is built in, and its licences
	packaging/licenses/update

vuln: ## govulncheck, which asks Go's vulnerability database
	$(TOOL) govulncheck ./...

demo: ## the main job with real Podman, in a throw-away machine (root)
	@lab/demo/run

# As an ordinary user the tests that need root or the lab are left out, and said so.
test: ## all tests: packages with the race detector, then end to end (root)
ifeq ($(shell id -u),0)
	@lab/deps
	$(MAKE) --no-print-directory test-go
	$(MAKE) --no-print-directory test-e2e
else
	$(MAKE) --no-print-directory test-go
	@echo "make test: left out for want of root: the end-to-end tests (make test-e2e), and the one that asks leased as another user"
endif

# Real links and servers are not what a cached result can stand for: -count=1.
# Hundreds of containers at once leave no core for a test beside them: apart.
test-go: ## units, fuzz seeds and kernel tests in throw-away network namespaces
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 10m $$($(GO) list ./... | grep -v /lab/scale)
	$(GO) test -count=1 -timeout 10m ./lab/scale

test-e2e: ## end to end in the lab: Podman 5.4, systemd, dnsmasq; then .deb and .rpm (root)
	lab/e2e/run --suite trixie
	lab/e2e/run --packages

test-matrix: ## end to end on Podman 5.8 and 6.1 too (root)
	lab/e2e/run --suite forky
	lab/e2e/run --suite experimental

FUZZTIME ?= 10m
fuzz: ## each fuzzer for FUZZTIME
	@GO=$(GO) lab/fuzz $(FUZZTIME)

test-fuzz: ## each fuzzer for 10 s
	@$(MAKE) --no-print-directory fuzz FUZZTIME=10s

ROUNDS ?= 1000
test-chaos: ## leased killed at random ROUNDS times; two cores and half an hour (root)
	$(GO) test -count=1 -timeout 4h -run TestRandomKills ./lab/chaos -rounds $(ROUNDS)

test-churn: ## 500 containers come and go on a pool of 20 addresses (root)
	LAB_LONG=1 lab/e2e/run --suite trixie -run 'TestComeAndGo$$'

test-scale: ## 5000 leases, 500 containers at once (root)
	LAB_LONG=1 $(GO) test -count=1 -timeout 20m ./lab/scale

test-long: test-matrix test-fuzz test-chaos test-churn test-scale ## what takes longer: the matrix, the fuzzers, chaos, churn, scale (root)

bench: ## beside the peers: attach, memory, scale; writes bench/ (root, ten minutes)
	@lab/deps gnuplot-nox
	@lab/bench/run

bench-quick: ## a tenth of it, to stdout (root, two minutes)
	@lab/deps
	@lab/bench/run --quick

lint: ## gofumpt, vet, staticcheck
	@bad=$$($(TOOL) gofumpt -l .); test -z "$$bad" || { echo "not gofumpt-ed: $$bad" >&2; exit 1; }
	$(GO) vet -tags lab,packages ./...
	$(GO) vet -tags failpoint ./leased/...
	$(GO) vet -tags pprof ./leased
	$(TOOL) staticcheck -tags lab,packages ./...

fmt: ## gofumpt
	$(TOOL) gofumpt -w .

clean: ## remove what was built
	rm -rf bin dist
