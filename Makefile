# Needs Go, Python 3.9 or later, make and git; "make help" lists the targets.

PYTHON   ?= python3
FUZZTIME ?= 20s
ROUNDS   ?= 5
LINT     := go tool -modfile=tools/lint/go.mod

export CGO_ENABLED = 0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: build
build: ## build bin/fastpath
	@echo "== building bin/fastpath"
	go build -trimpath -o bin/fastpath ./cmd/fastpath

.PHONY: demo
demo: build ## run the whole line on the example and show what it changed; PYTHON=… chooses the interpreter
	@echo "== running fastpath on a scratch copy of examples/smart-home, with $(PYTHON)"
	@go run ./tools/demo -python "$(PYTHON)"

.PHONY: test
test: ## run all tests, the example from end to end included
	@echo "== testing every package"
	go test -timeout 60m ./...
	@echo "== testing the example from end to end, with $(PYTHON) (some minutes)"
	FASTPATH_E2E="$(PYTHON)" go test -count=1 -timeout 30m -run TestEndToEnd -v ./tools/demo

.PHONY: lint
lint: ## vet, staticcheck, gofumpt, and the state of go.mod
	@echo "== go vet"
	go vet ./...
	@echo "== staticcheck"
	$(LINT) staticcheck ./...
	@echo "== gofumpt"
	@unformatted=$$($(LINT) gofumpt -l cmd internal tools) && if [ -n "$$unformatted" ]; then \
		echo "not formatted; run: make fmt" >&2; echo "$$unformatted" >&2; exit 1; fi
	@echo "== go mod tidy, go mod verify"
	go mod tidy -diff
	cd tools/lint && go mod tidy -diff
	go mod verify

.PHONY: fmt
fmt: ## format all Go files
	$(LINT) gofumpt -w cmd internal tools

.PHONY: bench
bench: build ## measure against the peers on the corpus, then run the Go benchmarks (ROUNDS=5)
	@tools/fetch-corpus
	@echo "== measuring against the peers"
	go run -pgo=cmd/fastpath/default.pgo ./tools/bench -python "$(PYTHON)" -rounds $(ROUNDS)
	@echo "== reading logs, beside DuckDB and polars"
	go run ./tools/ingestbench -python "$(PYTHON)" -rounds $(ROUNDS)
	@echo "== running the Go benchmarks"
	go test -run '^$$' -bench . -benchmem -benchtime 300ms ./...

# Signals that interrupt goroutines would be counted in place of what they interrupt.
.PHONY: pgo
pgo: ## renew cmd/fastpath/default.pgo, the profile that the compiler optimises by
	@tools/fetch-corpus
	GODEBUG=asyncpreemptoff=1 go run ./tools/bench -profile .corpus/scan.pgo
	GODEBUG=asyncpreemptoff=1 go run ./tools/ingestbench -profile .corpus/ingest.pgo
	go tool pprof -proto .corpus/scan.pgo .corpus/ingest.pgo >cmd/fastpath/default.pgo

.PHONY: accuracy
accuracy: ## compare predictions of what imports cost with what happens without them (ROUNDS=5; counts instructions where valgrind is)
	@tools/fetch-environments
	@echo "== removing imports, and comparing what goes with what was foreseen"
	go run ./tools/accuracy -runs $(ROUNDS) -instructions cloud

# Shrinking what is merely interesting would take a minute of each target's time. What
# crashes is kept below testdata/fuzz, and is a test from then on. Up to Go 1.26 a target may
# end with "context deadline exceeded" where its time is over (golang.org/issue/75804): where
# no input was kept that is no failure.
.PHONY: fuzz
fuzz: ## fuzz everything that reads foreign bytes, FUZZTIME each
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package >"$$log" 2>&1; status=$$?; \
			cat "$$log"; \
			if [ $$status -ne 0 ] && { grep -q 'Failing input written' "$$log" || ! grep -qx ' *context deadline exceeded' "$$log"; }; then exit 1; fi; \
		done; \
	done

.PHONY: oracle
oracle: ## install the Pythons and the packages that are missing, and compare everything (long)
	@echo "== installing the Pythons and the packages that are missing"
	@tools/install-pythons
	@tools/fetch-corpus
	@tools/fetch-environments
	@tools/fetch-checkers
	@echo "== comparing with Python 3.8 to 3.15"
	FASTPATH_REQUIRE_ORACLES=1 FASTPATH_ORACLE_FULL=1 go test -count=1 -timeout 180m ./internal/...

.PHONY: docs
docs: ## write the generated documentation again
	go test ./internal/cli -run 'TestRulesDoc|TestCLIDoc' -update

.PHONY: clean
clean: ## remove what make built and the demo installed
	rm -rf bin .demo
