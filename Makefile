# make demo    everything needed, then the main job on a simulated fleet
# make test    everything needed, then the tests in minutes
.PHONY: build man demo install uninstall dist test test-long test-clients test-dist vet-systems mutate mutate-some lint tools bench fmt clean

GO  ?= go
SYSTEMS ?= darwin/amd64 darwin/arm64 linux/arm64 windows/amd64 windows/arm64
BIN := bin/camform
PREFIX ?= /usr/local
TO = $(DESTDIR)$(PREFIX)

# The packages with the longest tests come first, so that no processor waits for them at the end.
LONGEST := ./engine/apply ./providers/hikvision ./engine

build: ## the program, in bin/
	$(GO) build -trimpath -o $(BIN) ./cmd/camform

man: build ## manual pages of all commands and topics, in dist/man/
	$(BIN) help -man dist/man

demo: build ## plan, apply, drift and heal a simulated campus
	bash examples/campus/demo.sh $(BIN)

install: ## the program of make build and the pages of make man, if there are any, below PREFIX (/usr/local); DESTDIR for packagers
	@test -x $(BIN) || { echo "$(BIN) does not exist: run make build first, as yourself"; exit 1; }
	install -d '$(TO)/bin' '$(TO)/share/bash-completion/completions' '$(TO)/share/fish/vendor_completions.d' '$(TO)/share/zsh/site-functions'
	install -m 0755 $(BIN) '$(TO)/bin/camform'
	umask 022 && $(BIN) completion bash >'$(TO)/share/bash-completion/completions/camform'
	umask 022 && $(BIN) completion fish >'$(TO)/share/fish/vendor_completions.d/camform.fish'
	umask 022 && $(BIN) completion zsh >'$(TO)/share/zsh/site-functions/_camform'
	@for page in dist/man/camform*.[157]; do \
	  test -e "$$page" || continue; \
	  man='$(TO)/share/man/man'"$${page##*.}"; \
	  install -d "$$man" && install -m 0644 "$$page" "$$man" || exit 1; \
	done

uninstall: ## remove what make install put below PREFIX
	rm -f '$(TO)/bin/camform' '$(TO)/share/bash-completion/completions/camform' '$(TO)/share/fish/vendor_completions.d/camform.fish' \
	  '$(TO)/share/zsh/site-functions/_camform' '$(TO)/share/man/man'[157]/camform*.[157]

dist: ## a release with checksums, in dist/: archives for Linux, macOS and Windows, deb and rpm; VERSION=1.2.3 names it
	$(GO) build -C .ci/dist -o ../../bin/dist .
	bin/dist -version '$(VERSION)'

test: lint ## lint and the tests; of large spaces of cases, a part that represents the rest. A slow machine may take long
	$(GO) test -timeout 40m $(LONGEST) ./...

test-long: lint ## the same with every case of every space. Few objects live long in these tests, so the collector may wait
	GOGC=400 CAMFORM_TESTS=long $(GO) test -timeout 40m $(LONGEST) ./...

test-clients: build ## clients that other people wrote, against the simulated devices; those in JavaScript need node
	bash testdata/clients/run.sh $(BIN)

vet-systems: ## vet for the systems of a release; SYSTEMS=windows/amd64 for some. The first run compiles everything for each, for minutes
	for system in $(SYSTEMS); do \
	  CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} $(GO) vet -trimpath ./... || exit 1; \
	done

test-dist: ## vet for one of the systems of a release, chosen by the commit, and how releases are made and installed
	case $$(git rev-parse HEAD 2>/dev/null) in *[02468ace]) system=darwin/arm64 ;; *) system=windows/amd64 ;; esac; \
	$(MAKE) vet-systems SYSTEMS=$$system
	$(GO) vet -C .ci/dist .
	$(GO) test -C .ci/dist -timeout 40m .

mutate-some: ## 25 mutants, chosen by the commit
	$(GO) run ./.ci/mutate -sample 25

mutate: ## take the rules of testdata/mutants out of the code one by one; RUN=ledger.* for some of them
	$(GO) test ./.ci/mutate/...
	$(GO) run ./.ci/mutate -run '$(RUN)'

lint: tools ## formatting, vet, staticcheck, dead code
	@unformatted=$$(bin/gofumpt -l cmd engine providers schema .ci); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt mends it):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	bin/staticcheck ./...
	@dead=$$(bin/deadcode -test ./...); if [ -n "$$dead" ]; then echo "$$dead"; exit 1; fi
	$(GO) mod verify

tools: ## the programs that lint runs, in the versions of .ci/tools/go.mod
	$(GO) build -C .ci/tools -o ../../bin/ honnef.co/go/tools/cmd/staticcheck mvdan.cc/gofumpt golang.org/x/tools/cmd/deadcode

bench: ## the benchmarks of the packages
	$(GO) test -run '^$$' -bench . -benchmem ./...

fmt:
	$(MAKE) tools && bin/gofumpt -w cmd engine providers schema .ci

clean:
	rm -rf bin dist
