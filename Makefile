# make demo    everything needed, then the main job on a simulated fleet
# make test    everything needed, then the tests in minutes
.PHONY: build demo dist test test-long test-clients test-dist vet-systems mutate mutate-some lint tools bench fmt clean

GO  ?= go
SYSTEMS ?= darwin/amd64 darwin/arm64 linux/arm64 windows/amd64 windows/arm64
BIN := bin/camform

# The packages whose tests take longest come first, so that no processor waits for them at the end.
LONGEST := ./engine/apply ./providers/hikvision ./engine

build: ## the program, in bin/
	$(GO) build -trimpath -o $(BIN) ./cmd/camform

demo: build ## plan, apply, drift and heal a simulated campus
	bash examples/campus/demo.sh $(BIN)

dist: ## archives for Linux, macOS and Windows with checksums, in dist/; VERSION=1.2.3 names the release
	$(GO) run ./.ci/dist -version '$(VERSION)'

test: lint ## vet, formatting, and the tests, of large spaces of cases a part that represents the rest; a slow machine may take long
	$(GO) test -timeout 40m $(LONGEST) ./...

test-long: lint ## the same, with every case of every space; few things live long in them, so the collector may wait
	GOGC=400 CAMFORM_TESTS=long $(GO) test -timeout 40m $(LONGEST) ./...

test-clients: build ## clients that other people wrote, against the simulated devices; needs node
	bash testdata/clients/run.sh $(BIN)

vet-systems: ## vet for the systems of a release; SYSTEMS=windows/amd64 for some. The first time everything is compiled for each, for minutes
	for system in $(SYSTEMS); do \
	  CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} $(GO) vet -trimpath ./... || exit 1; \
	done

test-dist: ## vet for one of the systems of a release, chosen by the commit, and how archives are made
	case $$(git rev-parse HEAD 2>/dev/null) in *[02468ace]) system=darwin/arm64 ;; *) system=windows/amd64 ;; esac; \
	$(MAKE) vet-systems SYSTEMS=$$system
	$(GO) test ./.ci/dist

mutate-some: ## 25 mutants, chosen by the commit
	$(GO) run ./.ci/mutate -sample 25

mutate: ## take the rules of testdata/mutants away one by one; RUN=ledger.* for some of them only
	$(GO) test ./.ci/mutate/...
	$(GO) run ./.ci/mutate -run '$(RUN)'

lint: tools ## formatting, vet, staticcheck, dead code
	@unformatted=$$(bin/gofumpt -l cmd engine providers schema .ci); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt mends it):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	bin/staticcheck ./...
	@dead=$$(bin/deadcode -test ./...); if [ -n "$$dead" ]; then echo "$$dead"; exit 1; fi
	$(GO) mod verify

tools: ## what lint needs, in the versions of .ci/tools/go.mod
	$(GO) build -C .ci/tools -o ../../bin/ honnef.co/go/tools/cmd/staticcheck mvdan.cc/gofumpt golang.org/x/tools/cmd/deadcode

bench: ## the figures of the README
	$(GO) test -run '^$$' -bench . -benchmem ./...

fmt:
	$(MAKE) tools && bin/gofumpt -w cmd engine providers schema .ci

clean:
	rm -rf bin dist
