# make test is the whole proof, make check the part for the inner loop.

GO ?= go
# A number of inputs, not a time: go test reports a target as failed when its
# time ends at a bad moment (go.dev/issue/75804).
FUZZTIME ?= 20000x
BENCHTIME ?= 1s
GOVULNDB ?= https://vuln.go.dev

# How long make test-cluster lasts.
CLUSTERTIME ?= 10m

.PHONY: build check test test-cluster test-cassandra bench bench-cluster generate screenshots vet staticcheck vulncheck race processes cassandra fuzz tools

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/recant ./cmd/recant

check: vet
	$(GO) test -short -timeout 10m ./...

test: tools vet staticcheck vulncheck race processes cassandra fuzz

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

# The database of vulnerabilities is asked over the network and left out, aloud,
# where there is none.
vulncheck:
	@if curl -fs -m 15 -o /dev/null "$(GOVULNDB)/index/db.json"; then \
		$(GO) tool govulncheck -db "$(GOVULNDB)" ./...; \
	else \
		echo "govulncheck was left out: $(GOVULNDB) cannot be reached"; \
	fi

race:
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

# The tests of the protocol on three processes that share a store, but for the longest and those that
# are about documents or one process.
processes:
	RECANT_TEST_PROCESSES=3 $(GO) test -count 1 -short -timeout 10m -skip '$(ONE_PROCESS)' ./api

ONE_PROCESS = Document|Envelope|Decode|EveryCode|Scenario0[234]|FullBuckets|2000Numbers|HoldOutlasts|ReceiptsThatWait|ABackendThatIsGone|NameTheAddress|InPassing

# The tests of the domain and the protocol on a Cassandra node of their own: those of
# several processes, of answers that are lost, of crashes, and the scenarios, but for
# the longest.
CASSANDRA_PART = Scenario|Story|TwoServers|TwoProcesses|Unknown|Crash|AtOnce|WholeOrNotAtAll|WhatCallsCost|Lease|Restart|FitTheModel
CASSANDRA_LONG = OfExtensionsSurvives|1000GroupsAtOnce|Scenario04

cassandra:
	$(GO) run ./internal/oncassandra $(GO) test -count 1 -short -timeout 20m -run '$(CASSANDRA_PART)' -skip '$(CASSANDRA_LONG)' ./chat ./api -rapid.checks=2

# All of them, which takes about half an hour.
test-cassandra: tools
	$(GO) run ./internal/oncassandra $(GO) test -count 1 -timeout 2h ./chat ./api -rapid.checks=20

fuzz:
	GO="$(GO)" FUZZTIME="$(FUZZTIME)" scripts/fuzz

bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -timeout 2h ./...

# Servers and Cassandra nodes that are killed, stopped and cut off for a long time. As
# root it also cuts the network between the nodes.
test-cluster: tools
	RECANT_CLUSTER_TIME=$(CLUSTERTIME) $(GO) test -count 1 -v -timeout 3h -run TestServersOnACluster ./test/cluster

bench-cluster: tools
	$(GO) test -run '^$$' -bench BenchmarkServersOnOneCluster -benchtime 1x -timeout 1h ./test/cluster

generate:
	$(GO) generate ./...

# The pictures in the documents, taken by the tests of the pages.
screenshots: tools
	mkdir -p docs/pictures
	RECANT_SCREENSHOTS="$(CURDIR)/docs/pictures" $(GO) test -count 1 ./test/browser

# What the tests need beside Go: a C compiler for the race detector, Node and
# Java for the third-party clients that run against the server, curl for the
# printed commands, Python for the check of an archive by hand, Chromium for the
# pages. As root they are installed where they are missing.
tools:
	@missing=; for tool in cc:gcc cc:libc6-dev npm:nodejs npm:npm javac:default-jdk-headless mvn:maven curl:curl python3:python3 chromium:chromium; do \
		command -v $${tool%%:*} >/dev/null || missing="$$missing $${tool##*:}"; \
	done; \
	test -z "$$missing" && exit 0; \
	test "$$(id -u)" = 0 || { echo "please install:$$missing" >&2; exit 1; }; \
	apt-get update -q && apt-get install -y -q --no-install-recommends $$missing
