# deskready: every target is one sentence in "make help". Two of them do their whole set-up themselves: run and test.
# What may be set: VERSION, FUZZTIME, BENCH, BENCHTIME, LABTIME, PLATFORMS, FIGURES, AXE.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test setup setup-test build unit lint vet cross lab axe figures bench fuzz release docs journey scripts clean

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -buildid= -X main.version=$(VERSION)
BUILD     := go build -trimpath -buildvcs=false -ldflags "$(LDFLAGS)"
FUZZTIME  ?= 30s
BENCH     ?= .
BENCHTIME ?= 1s
LABTIME   ?= 20m
FIGURES   ?=
AXE       ?= 4.14.1
PLATFORMS ?= windows/amd64 windows/arm64 darwin/amd64 darwin/arm64
CODE      := cmd checks report packaging
TOOLS     := bin/tools
LAB       := $(TOOLS)/gotestsum --format pkgname --hide-summary skipped --rerun-fails=2 --rerun-fails-max-failures=6

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: setup build ## installs what is missing, builds, and shows the whole journey: collector, invite, check, sealed report, verdict
	packaging/run.sh

test: setup-test build lint vet unit lab journey ## installs what is missing, then everything that is tested (the long fuzz apart)

setup: ## installs what building and running needs, if it is missing
	@packaging/setup.sh run

setup-test: ## installs what building and testing needs, if it is missing
	@packaging/setup.sh test

build: ## builds bin/deskready
	CGO_ENABLED=1 $(BUILD) -o bin/deskready ./cmd/deskready

unit: ## the tests that need neither root nor devices nor a network, with the race detector
	go test -race -timeout 10m ./...

# ---- labs: a line or a headset of any kind, made of real parts; as root or with sudo ----

# A lab on a starved computer is not the line or the headset that it is meant to be: what fails is tried twice more, and the
# last lines say so.
lab: $(TOOLS)/gotestsum ## the tests on lab lines, among lab headsets and by robots in real browsers
	labs=$$(grep -rlE '^//go:build .*\blab\b' --include='*_test.go' $(CODE)); \
	tests=$$(grep -hoE '^func Test\w+' $$labs | sed 's/^func //' | grep -vx TestLabRobot | paste -sd '|'); \
	$(LAB) --packages="$$(dirname $$labs | sort -u | sed 's|^|./|' | tr '\n' ' ')" -- \
		-tags lab -p 1 -count=1 -timeout $(LABTIME) -run "^($$tests)\$$"
	$(LAB) --packages=./cmd/deskready -- -tags lab -parallel 6 -count=1 -timeout $(LABTIME) -run '^TestLabRobot$$'

axe: ## axe-core over each step of the hire's page, in a real browser; pictures of them in bin/robot (needs npm)
	npm install --prefix bin/axe --no-save --no-package-lock --no-audit --no-fund --silent axe-core@$(AXE)
	go test -tags lab -count=1 -run '^TestLabRobot$$/^pages' ./cmd/deskready -axe $(CURDIR)/bin/axe/node_modules/axe-core/axe.min.js

figures: build ## long tables: deskready on lines of every kind beside other speed tests, to bin/figures (FIGURES=-n: how long)
	go -C packaging/figures/peers vet ./...
	go -C packaging/figures/peers test ./...
	go run ./packaging/figures $(FIGURES)

journey: build ## packaging/run.sh to its end, as make run shows it
	data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && DESKREADY_DATA=$$data packaging/run.sh </dev/null

# ---- what is read instead of run ----

lint: scripts $(TOOLS)/staticcheck ## format, vet, staticcheck, size and complexity, dead code, scripts, stale documents
	@unformatted=$$(gofmt -l $(CODE)); [ -z "$$unformatted" ] || { echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags lab ./...
	$(TOOLS)/staticcheck -tags lab ./...
	go run ./packaging/shape $(CODE)
	packaging/deadcode.sh $(TOOLS)/deadcode
	go run ./packaging/docs -check README.md

scripts: ## syntax and habits of the shell scripts
	@for s in packaging/*.sh checks/lab/audiolab/audiolab .ci/run; do bash -n "$$s"; done
	shellcheck packaging/*.sh checks/lab/audiolab/audiolab .ci/run

$(TOOLS)/staticcheck: packaging/tools/go.mod packaging/tools/go.sum
	go -C packaging/tools build -o $(CURDIR)/$(TOOLS)/ honnef.co/go/tools/cmd/staticcheck golang.org/x/tools/cmd/deadcode gotest.tools/gotestsum
	@touch $@

$(TOOLS)/gotestsum: $(TOOLS)/staticcheck

vet: ## vets for Windows, macOS and Linux without cgo
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go vet ./...
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go vet ./...

cross: ## vets and builds for every platform
	for p in $(PLATFORMS) linux/amd64; do \
		echo "$$p"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go vet ./...; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/deskready; \
	done

# ---- longer ----

bench: ## the benchmarks (BENCH, BENCHTIME)
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME
	grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' $(CODE) | while IFS=: read -r file _ func; do \
		echo "$$(dirname "$$file") $${func#func }"; \
		go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "./$$(dirname "$$file")" </dev/null; \
	done

docs: ## writes the table of metrics into README.md
	go run ./packaging/docs README.md

release: ## binaries of every platform and SHA256SUMS in dist/, the same bytes from the same sources
	rm -rf dist && mkdir dist
	for p in $(PLATFORMS); do \
		exe=; [ "$${p%/*}" != windows ] || exe=.exe; \
		GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 $(BUILD) -o "dist/deskready-$${p%/*}-$${p#*/}$$exe" ./cmd/deskready; \
	done
	CGO_ENABLED=1 $(BUILD) -o "dist/deskready-$$(go env GOOS)-$$(go env GOARCH)" ./cmd/deskready
	cd dist && sha256sum deskready-* >SHA256SUMS && cat SHA256SUMS

clean: ## removes what was built
	rm -rf bin dist
