# SPDX-License-Identifier: Apache-2.0
# podman-net-dhcp: build, test and install. `make` lists the targets.

PREFIX  ?= /usr
DESTDIR ?=
GO      ?= go

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X podman-net-dhcp/internal/build.Version=$(VERSION)
export CGO_ENABLED = 0

PLUGINDIR := $(PREFIX)/libexec/netavark
HOOKDIR   := $(PREFIX)/libexec/oci/hooks.d
HOOKJSON  := $(PREFIX)/share/containers/oci/hooks.d
UNITDIR   := $(PREFIX)/lib/systemd/system
BINDIR    := $(PREFIX)/bin
DOCDIR    := $(PREFIX)/share/doc/podman-net-dhcp

.DEFAULT_GOAL := help
.PHONY: help build install uninstall demo test test-unit test-kernel test-e2e test-long test-matrix bench lint fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/net-dhcp, bin/net-dhcp-hook and bin/leased, static
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/net-dhcp ./netavark-plugin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/net-dhcp-hook ./oci-hook
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/leased ./leased

install: build ## put everything in place; DESTDIR= and PREFIX=/usr as usual
	install -D -m 0755 bin/net-dhcp $(DESTDIR)$(PLUGINDIR)/net-dhcp
	install -D -m 0755 bin/net-dhcp-hook $(DESTDIR)$(HOOKDIR)/net-dhcp-hook
	install -D -m 0755 bin/leased $(DESTDIR)$(BINDIR)/leased
	install -D -m 0644 packaging/systemd/leased.socket $(DESTDIR)$(UNITDIR)/leased.socket
	install -d $(DESTDIR)$(HOOKJSON)
	sed 's,@PREFIX@,$(PREFIX),g' packaging/systemd/leased.service > $(DESTDIR)$(UNITDIR)/leased.service
	sed 's,@HOOK@,$(HOOKDIR)/net-dhcp-hook,g' hooks.d/net-dhcp.json > $(DESTDIR)$(HOOKJSON)/net-dhcp.json
	chmod 0644 $(DESTDIR)$(UNITDIR)/leased.service $(DESTDIR)$(HOOKJSON)/net-dhcp.json
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR) README.md CHANGELOG.md LICENSE

# The hook's JSON goes first: one that names a missing program makes every
# container's start fail.
uninstall: ## remove what install put there; leases and state stay
	rm -f $(DESTDIR)$(HOOKJSON)/net-dhcp.json
	rm -f $(DESTDIR)$(HOOKDIR)/net-dhcp-hook $(DESTDIR)$(PLUGINDIR)/net-dhcp $(DESTDIR)$(BINDIR)/leased
	rm -f $(DESTDIR)$(UNITDIR)/leased.socket $(DESTDIR)$(UNITDIR)/leased.service
	rm -rf $(DESTDIR)$(DOCDIR)
