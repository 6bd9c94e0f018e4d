# Weir.  `make help` lists what there is; everything built is under build/.
#
# BUILD=DIR builds elsewhere; NGX_SRC=DIR takes nginx's source from there; V=1
# shows the commands.

BUILD     ?= build
DEPS      ?= build page test
FUZZ_RUNS ?= 100000

export BUILD FUZZ_RUNS

Q = $(if $(V),,@)

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc) --no-print-directory
endif

SUITES = style unit coverage cases conformance rules workflows t browser kube \
         snippets image

WARN   = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
         -Wpointer-arith -Wvla -Wwrite-strings -Wundef -Werror
HARDEN = -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
C11    = -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -g $(WARN) -I policy \
         -isystem $(BUILD)/deps/include
SAN    = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
         -fno-sanitize-recover=all
FUZZED = $(C11) $(SAN) -O2 -fno-sanitize-coverage=trace-cmp

CFLAGS  = $(C11) -O2 $(HARDEN)
LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
LDLIBS  = $(BUILD)/deps/lib/libjwt.a -lyaml -ljansson -lpcre2-8 -lssl -lcrypto -lm
FUZZ_CC = clang-14

ROOMS = base image front run
LIB   = $(patsubst policy/%.c,%.o,$(wildcard $(ROOMS:%=policy/%/*.c)))
CLI   = $(patsubst policy/%.c,%.o,$(wildcard policy/cli/*.c))
UNITS = $(patsubst policy/test/unit/%.c,$(BUILD)/unit/%, \
                   $(wildcard policy/test/unit/*.c))
DIFF  = cli/request.o cli/routing.o cli/given.o cli/given_token.o \
        cli/counting.o cli/limit_text.o cli/split_text.o cli/trace.o \
        $(filter-out %/diff.o %/diff_print.o %/diff_replay.o, \
                     $(filter cli/diff%,$(CLI)))
FUZZ  = $(patsubst policy/test/fuzz/%.c,$(BUILD)/fuzz/%, \
                   $(wildcard policy/test/fuzz/*.c))

# what tries the weir command
TRIES = cases verbs formats simulate shares credentials control completion \
        watch sidecar

# the verifier, and the tests that give it bad images
COVERED  = $(patsubst policy/run/%.c,$(BUILD)/coverage/%.o, \
                      $(wildcard policy/run/verify*.c))
COVERERS = $(patsubst policy/test/unit/%.c,$(BUILD)/coverage/%, \
                      $(wildcard policy/test/unit/test_verify*.c \
                                 policy/test/unit/test_flips.c))


.PHONY: help
help:          ## this list
	@sed -n 's/^\([a-z]*\): .*## /    make \1\t/p' Makefile | expand -t 24

.PHONY: deps
deps:          ## install packages, fetch nginx's source and libraries
	@tools/deps $(DEPS)

deps-%:
	@tools/deps build $*

.PHONY: build
build: weir nginx ## the weir command, and nginx with the module

.PHONY: run
run: build $(if $(REDIS),deps-redis) ## serve the demo policy on 127.0.0.1:8080; REDIS=1: two nodes
	@tools/run

.PHONY: test
test: deps     ## what the pipeline runs: each of SUITES
	@[ -n "$(strip $(SUITES))" ] && for suite in $(SUITES); do \
	    echo "== $$suite"; $(MAKE) $$suite || exit 1; \
	done


# Suites

.PHONY: style
style: weir    ## includes between rooms, layout, static analysis, docs
	@tools/includes
	@tools/layout
	@tools/analyse
	@tools/docs --check

.PHONY: docs
docs: weir     ## write the pages of docs/ that the code makes
	@tools/docs

.PHONY: format
format:        ## mend what `make style` says about blanks
	@tools/layout --fix

.PHONY: unit
unit: $(UNITS) ## cmocka tests of policy/, under ASan and UBSan
	@tools/unit $(UNITS)

.PHONY: coverage
coverage: $(COVERERS) ## every branch of the verifier, taken by its tests
	@tools/coverage $(COVERERS)

.PHONY: cases
cases: weir    ## policies with their decisions and exact errors; verbs
	@set -e; for tool in $(TRIES); do tools/$$tool; done

.PHONY: rules
rules:         ## Prometheus rules and their tests, runbooks, Grafana's page
	@tools/rules

.PHONY: t
t: build       ## Test::Nginx; one file with T=t/NAME.t
	@tools/t debug $(T)

.PHONY: snippets
snippets: build deps-snippets deps-kube ## links and snippets of the pages
	@tools/snippets $(PAGES)

.PHONY: browser
browser: build deps-browser ## the dashboard in a real Chromium
	@tools/browser

.PHONY: workflows
workflows: weir deps-workflows ## what .github says, and the action for people's policies
	@tools/workflows

.PHONY: kube
kube: kube-chart kube-pod kube-release ## the chart, pods that drain, releases

kube-chart kube-pod kube-release: kube-%: build deps-kube
	@tools/$(if $(filter chart,$*),kube,$*)

.PHONY: asan
asan: weir page $(BUILD)/asan/bin/weir ## cases and t under ASan and UBSan
	@tools/nginx asan
	@export WEIR=$(BUILD)/asan/bin/weir; set -e; \
	    for tool in $(TRIES); do tools/$$tool; done
	@tools/t asan $(T)

.PHONY: fuzz
fuzz: $(FUZZ)  ## libFuzzer on every target, FUZZ_RUNS each
	@tools/fuzz $(FUZZ)

.PHONY: conformance
conformance: deps-conformance $(BUILD)/conformance/run ## CEL's own suites
	@tools/conformance $(BUILD)/conformance/run

.PHONY: bench
bench: deps-bench weir ## ratios against the same nginx without Weir
	@tools/nginx release
	@bench/run

.PHONY: compare
compare: deps-compare weir ## Weir against nginx with Lua and njs, and HAProxy
	@bench/compare/run

.PHONY: promise
promise: deps-promise weir ## 10,000 requests/s over as many connections
	@tools/nginx release
	@bench/promise

.PHONY: matrix
matrix: deps-matrix ## the module in nginx 1.22, 1.26 and 1.30; one with NGINX=1.22
	@tools/matrix $(NGINX)

.PHONY: clean
clean:         ## remove what was built, but not build/deps
	@find $(BUILD) -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +

.PHONY: image
image: deps-image ## the Dockerfile from nothing, and what it makes, run as a container
	@tools/image


# Products

.PHONY: weir
weir: $(BUILD)/bin/weir

.PHONY: nginx
nginx: deps page
	@tools/nginx debug

.PHONY: page
page: $(BUILD)/dashboard.html

$(BUILD)/dashboard.html: tools/dashboard $(wildcard modules/dashboard/*) | deps
	@echo "page $@"
	@tools/dashboard $@

# library NAME,COMPILER,DEPS: the library of policy/ in build/NAME.
define library
$(BUILD)/$(1)/%.o: policy/%.c Makefile | $(3)
	@mkdir -p $$(@D); echo "cc $$@"
	$(Q)$(2) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/libweir.a: $(LIB:%=$(BUILD)/$(1)/%)
	@rm -f $$@; echo "ar $$@"
	$(Q)ar rcs $$@ $$^

-include $(patsubst %.o,$(BUILD)/$(1)/%.d,$(LIB) $(CLI))
endef

$(eval $(call library,lib,$(CC) $(CFLAGS),deps))
$(eval $(call library,asan,$(CC) $(C11) $(SAN),deps))
$(eval $(call library,fuzz,$(FUZZ_CC) $(FUZZED) -fsanitize=fuzzer-no-link,deps-fuzz))

$(BUILD)/bin/weir: $(CLI:%=$(BUILD)/lib/%) $(BUILD)/lib/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/asan/bin/weir: $(CLI:%=$(BUILD)/asan/%) $(BUILD)/asan/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(SAN) -o $@ $^ $(LDLIBS)

$(BUILD)/unit/%: policy/test/unit/%.c $(BUILD)/asan/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(C11) $(SAN) -MMD -MP -o $@ $< $(WRAP) \
	    $(BUILD)/asan/libweir.a -lcmocka $(LDLIBS)

# what test_verify_faults makes fail
%/test_verify_faults: WRAP = -Wl,--wrap=malloc,--wrap=weir_sha256

%/test_interop: WRAP = $(BUILD)/asan/cli/pem.o
$(BUILD)/unit/test_interop: $(BUILD)/asan/cli/pem.o

WATCH = cli/watch_answer.o cli/watch_event.o cli/json.o cli/report.o \
        cli/sarif.o

%/test_watch: WRAP = $(WATCH:%=$(BUILD)/asan/%)
$(BUILD)/unit/test_watch: $(WATCH:%=$(BUILD)/asan/%)

%/test_diff: WRAP = $(DIFF:%=$(BUILD)/asan/%)
$(BUILD)/unit/test_diff: $(DIFF:%=$(BUILD)/asan/%)

$(BUILD)/coverage/%.o: policy/run/%.c Makefile | deps
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(C11) -O0 --coverage -MMD -MP -c -o $@ $<

$(BUILD)/coverage/test_%: policy/test/unit/test_%.c $(COVERED) \
                          $(BUILD)/asan/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(C11) $(SAN) -MMD -MP -o $@ $< $(WRAP) $(COVERED) \
	    $(BUILD)/asan/libweir.a -lcmocka $(LDLIBS) -lgcov

CONFORMANCE = $(wildcard policy/test/conformance/*.c)

$(BUILD)/conformance/run: $(CONFORMANCE) policy/test/conformance/conformance.h \
                          policy/test/show.h $(BUILD)/asan/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(CC) $(C11) $(SAN) -o $@ $(CONFORMANCE) $(BUILD)/asan/libweir.a \
	    $(LDLIBS)

VERBS = cli/verbs.o $(filter-out cli/main.o,$(CLI))

# libFuzzer brings the other one
$(BUILD)/fuzz/cli/verbs.o: $(BUILD)/fuzz/cli/main.o
	$(Q)objcopy --redefine-sym main=weir_main $< $@

%/fuzz_import: WRAP = $(VERBS:%=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/fuzz_import: $(VERBS:%=$(BUILD)/fuzz/%)

$(BUILD)/fuzz/%: policy/test/fuzz/%.c $(BUILD)/fuzz/libweir.a
	@mkdir -p $(@D); echo "cc $@"
	$(Q)$(FUZZ_CC) $(FUZZED) -fsanitize=fuzzer -MMD -MP -o $@ $< $(WRAP) \
	    -Wl,--wrap=weir_sha256,--wrap=weir_id_make \
	    $(BUILD)/fuzz/libweir.a $(LDLIBS)

-include $(UNITS:=.d) $(FUZZ:=.d) $(COVERED:.o=.d) $(COVERERS:=.d)
