# The commands of this project. CI runs .ci/run, which calls these.

GO     ?= go
GOARCH ?= arm64
FLAGS   = -trimpath -tags lambda.norpc -ldflags "-s -w"
# The tool for this machine, whatever machine the package is for.
MAYFLY  = env -u GOOS -u GOARCH $(GO) run ./cmd/mayfly
LINTER  = $(GO) tool -modfile=tools/go.mod golangci-lint
# One time and one order for what is packed: the same source makes the same zip.
PACK    = find . -exec env TZ=UTC touch -t 198001010000 {} + && find . -type f | LC_ALL=C sort | TZ=UTC zip -X -q -9 -@

.PHONY: build test race lint fmt fuzz fuzz-long generate bench module-path screenshots check cfn azure openapi otlp azurite kube release-tools release-check \
        build-Mayfly functions zip-lambda zip-functions clean

build: # bootstrap and mayfly, for this machine
	CGO_ENABLED=0 $(GO) build $(FLAGS) -o bootstrap ./cmd/bootstrap
	CGO_ENABLED=0 $(GO) build -trimpath -o mayfly ./cmd/mayfly

test:
	$(GO) test ./...

race:
	$(GO) test -race ./...

lint:
	$(LINTER) run ./...

fmt:
	$(LINTER) fmt ./...

fuzz: # every fuzz target for a few seconds
	.ci/fuzz

fuzz-long: # every fuzz target for ten minutes, for a night
	FUZZ_BUDGET=86400 FUZZ_SECONDS=600 .ci/fuzz

generate:
	$(GO) generate ./...

bench:
	$(GO) run ./bench/warm && $(GO) run ./bench/cold

module-path: # gives the module another path: make module-path NEW=github.com/you/mayfly
	$(GO) run ./internal/repo/modulepath "$(NEW)"

screenshots: # the console's views into dist/screenshots, and the README's picture; needs chromium
	SCREENSHOTS="$(CURDIR)/dist/screenshots" $(GO) test -tags browser,screenshots -run TestScreenshots -count=1 ./cmd/mayfly
	cp dist/screenshots/console.png docs/console.png

check: # all that CI checks
	.ci/run

cfn: # template.yaml and deploy/aws against the rules of CloudFormation
	cd tools/cfn && npm ci --ignore-scripts && npm run --silent check

openapi: # the HTTP contract: its documents linted, a generated client and all examples against the bridge
	CGO_ENABLED=0 $(GO) build -trimpath -o dist/openapi/mayfly ./cmd/mayfly
	cd tools/openapi && npm ci --ignore-scripts --no-audit --no-fund && MAYFLY="$(CURDIR)/dist/openapi/mayfly" npm run --silent check

otlp: # the telemetry about the bridge, to a receiver of OpenTelemetry that others have written
	CGO_ENABLED=0 $(GO) build -trimpath -o dist/otlp/mayfly ./cmd/mayfly
	cd tools/otlp && npm ci --ignore-scripts --no-audit --no-fund && MAYFLY="$(CURDIR)/dist/otlp/mayfly" npm run --silent check

azurite: # the storage queue, with Microsoft's emulator of it
	cd tools/azurite && npm ci --ignore-scripts --no-audit --no-fund
	$(GO) vet -tags azurite ./function/internal/queue/storagequeue
	$(GO) test -tags azurite -run TestAzurite -count=1 ./function/internal/queue/storagequeue

kube: # the Helm chart and the Knative service: rendered, linted, validated
	cd tools/kube && $(GO) test ./...

azure: # deploy/azure and deploy/container-apps against the types of Azure's client libraries
	rm -rf dist/azure
	RESOLVED="$(CURDIR)/dist/azure" $(GO) test -run 'TestResolved|TestContainerApp' -count=1 ./deploy ./deploy/azure
	cd tools/azure && npm ci --ignore-scripts && npm run --silent check

release-tools: # GoReleaser and cyclonedx-gomod, into tools/release/bin
	cd tools/release && $(GO) build -o bin/ tool

release-check: # the release of linux/amd64, twice, byte for byte
	.ci/release-check

# What "sam build" runs: build- and the logical id in template.yaml. GOARCH=amd64 for x86_64.
build-Mayfly:
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) $(GO) build $(FLAGS) -o "$(ARTIFACTS_DIR)/bootstrap" ./cmd/bootstrap
	$(MAYFLY) pack $(PACKED) "$(ARTIFACTS_DIR)"

functions: # dist/functions, from where func start and func azure functionapp publish run on Linux
	rm -rf dist/functions && mkdir -p dist/functions
	$(MAKE) build-Mayfly GOARCH=amd64 ARTIFACTS_DIR=dist/functions PACKED=--functions

zip-lambda: # dist/lambda-arm64.zip
	rm -rf dist/lambda dist/lambda-$(GOARCH).zip && mkdir -p dist/lambda
	$(MAKE) build-Mayfly ARTIFACTS_DIR=dist/lambda
	cd dist/lambda && $(PACK) ../lambda-$(GOARCH).zip

zip-functions: functions # dist/functions.zip
	rm -f dist/functions.zip
	cd dist/functions && $(PACK) ../functions.zip

clean:
	rm -rf dist bootstrap mayfly
