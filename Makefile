# make demo    everything needed, then the main job on a simulated fleet
# make test    everything needed, then all tests
.PHONY: build demo test mutate lint tools bench fmt clean

GO  ?= go
BIN := bin/camform

build: ## the program, in bin/
	$(GO) build -trimpath -o $(BIN) ./cmd/camform

demo: build ## plan, apply, drift and heal a simulated campus
	bash examples/campus/demo.sh $(BIN)

test: lint ## vet, formatting, and all tests
	$(GO) test -timeout 45m ./...

mutate: ## take the rules of testdata/mutants away one by one; RUN=ledger.* for some of them only
	$(GO) test ./.ci/mutate/...
	$(GO) run ./.ci/mutate -run '$(RUN)'

lint: tools ## formatting, vet, staticcheck, dead code
	@unformatted=$$(bin/gofumpt -l cmd engine providers schema); \
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
	$(MAKE) tools && bin/gofumpt -w cmd engine providers schema

clean:
	rm -rf bin
