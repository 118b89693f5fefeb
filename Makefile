# SPDX-License-Identifier: Apache-2.0
# podman-net-dhcp: build, test and install. `make` lists the targets.

PREFIX  ?= /usr
DESTDIR ?=
GO      ?= go

VERSION := $(shell packaging/version 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X podman-net-dhcp/internal/build.Version=$(VERSION)
export CGO_ENABLED = 0

PLUGINDIR := $(PREFIX)/libexec/netavark
HOOKDIR   := $(PREFIX)/libexec/oci/hooks.d
HOOKJSON  := $(PREFIX)/share/containers/oci/hooks.d
UNITDIR   := $(PREFIX)/lib/systemd/system
BINDIR    := $(PREFIX)/bin
DOCDIR    := $(PREFIX)/share/doc/podman-net-dhcp

.DEFAULT_GOAL := help
.PHONY: help build install uninstall demo test test-go test-e2e test-chaos test-churn test-scale test-long test-matrix test-fuzz fuzz bench bench-quick lint fmt clean

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
	for stage in create poststop; do \
		sed 's,@HOOK@,$(HOOKDIR)/net-dhcp-hook,g' hooks.d/net-dhcp-$$stage.json > $(DESTDIR)$(HOOKJSON)/net-dhcp-$$stage.json; \
	done
	chmod 0644 $(DESTDIR)$(UNITDIR)/leased.service $(DESTDIR)$(HOOKJSON)/net-dhcp-*.json
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR) README.md CHANGELOG.md LICENSE

# The hook's JSON goes first: one that names a missing program makes every
# container's start fail.
uninstall: ## remove what install put there; leases and state stay
	rm -f $(DESTDIR)$(HOOKJSON)/net-dhcp-create.json $(DESTDIR)$(HOOKJSON)/net-dhcp-poststop.json
	rm -f $(DESTDIR)$(HOOKDIR)/net-dhcp-hook $(DESTDIR)$(PLUGINDIR)/net-dhcp $(DESTDIR)$(BINDIR)/leased
	rm -f $(DESTDIR)$(UNITDIR)/leased.socket $(DESTDIR)$(UNITDIR)/leased.service
	rm -rf $(DESTDIR)$(DOCDIR)

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

test-e2e: ## end to end in the lab: Podman 5.4, systemd, dnsmasq (root)
	lab/e2e/run --suite trixie

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
	@bad=$$($(GO) tool gofumpt -l .); test -z "$$bad" || { echo "not gofumpt-ed: $$bad" >&2; exit 1; }
	$(GO) vet -tags lab ./...
	$(GO) vet -tags failpoint ./leased/...
	$(GO) vet -tags pprof ./leased
	$(GO) tool staticcheck -tags lab ./...

fmt: ## gofumpt
	$(GO) tool gofumpt -w .

clean: ## remove what build made
	rm -rf bin
