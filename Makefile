# mayvae: `make help` lists the targets. MODE=rel (default), san (ASan and UBSan), tsan (the thread sanitizer) or dbl
# (real is double, for gradient checks) and CC=gcc or clang; each combination has its own folder under build/.
MODE ?= rel
CC = gcc
PREFIX ?= /usr/local
RESULTS ?= results
PROFILE ?=
FUZZ_SECONDS ?= 20
SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

OUT := build/$(MODE)$(if $(filter clang%,$(notdir $(CC))),-clang)
BIN := $(if $(filter build/rel,$(OUT)),mayvae,$(OUT)/mayvae)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Werror
CFLAGS_rel = -O3 -g
CFLAGS_san = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan = -O2 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_dbl = -O2 -g -DMAYVAE_DOUBLE
CFLAGS_cov = -O0 -g --coverage
CFLAGS_fuzz = -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CPPFLAGS = -I. -D_GNU_SOURCE -MMD -MP
# No contraction and no reassociation: the same bits from every compiler.
CFLAGS = -std=c11 -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread $(WARN) $(CFLAGS_$(MODE))
, := ,
LDFLAGS_san = -fsanitize=address$(,)undefined
LDFLAGS_tsan = -fsanitize=thread
LDFLAGS_cov = --coverage
LDFLAGS_fuzz = -fsanitize=fuzzer$(,)address$(,)undefined
LDFLAGS = -pthread $(LDFLAGS_$(MODE))
LDLIBS = -lyaml -lcsv -ljansson -lnettle $(if $(filter-out dbl,$(MODE)),-lopenblas) -lm

# Packages by group, and the header or file by which a build sees that one is there.
PACKAGES_build = gcc libc6-dev make libyaml-dev libopenblas-pthread-dev libcsv-dev libstb-dev libjansson-dev nettle-dev fonts-dejavu-core curl ca-certificates
PACKAGES_test = libcmocka-dev procps
PACKAGES_report = latexmk lmodern texlive-latex-recommended texlive-pictures texlive-fonts-recommended
PACKAGES_check = clang clang-format clang-tidy cppcheck gcovr libclang-rt-14-dev poppler-utils valgrind
DEPS ?= build test report
FONTS = /usr/share/fonts/truetype/dejavu
NEEDS = yaml.h=libyaml-dev cblas.h=libopenblas-pthread-dev csv.h=libcsv-dev stb/stb_truetype.h=libstb-dev \
	jansson.h=libjansson-dev nettle/sha2.h=nettle-dev $(FONTS)/DejaVuSans.ttf=fonts-dejavu-core

NAIVE := $(wildcard nn/kernel/naive/*.c)
MAIN := runner/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard nn/*/*.c nn/kernel/exact/*.c runner/*/*.c))
ifeq ($(MODE),dbl)
SOURCES := $(filter-out $(wildcard nn/kernel/openblas*.c nn/kernel/exact/*.c),$(SOURCES)) $(NAIVE)
endif
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(OUT)/runner/canvas/font.o
LIB := $(OUT)/libmayvae.a

# V=1 shows whole commands.
say = $(if $(V),,@echo "  $1 $@";)

# In the double build only the tests that have something to say about it; under the thread sanitizer those with
# threads, but for the one whose shapes are large.
UNIT := $(wildcard tests/unit/test_*.c)
ifeq ($(MODE),dbl)
UNIT := $(if $(UNIT),$(shell grep -l MAYVAE_DOUBLE $(UNIT)))
endif
ifeq ($(MODE),tsan)
UNIT := $(if $(UNIT),$(filter-out %/test_kernel_numerics.c,$(shell grep -lE 'pool_start|kernel_cases' $(UNIT))))
endif
TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/unit/%,$(UNIT))
SUPPORT := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/support/*.c) $(if $(filter-out dbl,$(MODE)),$(NAIVE)))
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# Targets that build several things in turn use every core, unless make was told a number.
CORES := $(shell nproc)
SUBMAKE = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(CORES))

all: $(BIN) ## build ./mayvae (MODE=rel|san|tsan|dbl, CC=gcc|clang)

$(BIN): $(OUT)/runner/cli/main.o $(LIB)
	$(call say,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJECTS)
	$(call say,AR )rm -f $@ && ar rcs $@ $^

$(OUT)/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC )$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# One source for each instruction set; the program picks among them when it starts.
$(OUT)/nn/kernel/exact/avx512.o: private CFLAGS += -mavx512f -mfma
$(OUT)/nn/kernel/exact/avx2.o: private CFLAGS += -mavx2 -mfma

# The naive twins run on one thread: nothing to see for the thread sanitizer, but it would take minutes.
NAIVE_tsan = -fno-sanitize=thread
$(OUT)/nn/kernel/naive/%.o: private CFLAGS += $(NAIVE_$(MODE))

# The same program with the plain C kernels compiled for a processor with FMA: fmaf is an instruction, not a call.
$(OUT)/portable_fma.o: nn/kernel/exact/portable.c $(OUT)/flags
	$(call say,CC )$(CC) $(CPPFLAGS) $(CFLAGS) -mfma -c -o $@ $<
$(OUT)/mayvae-fma: $(OUT)/runner/cli/main.o $(OUT)/portable_fma.o $(LIB)
	$(call say,LD )$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The font is part of the program, so that pictures don't depend on the machine.
$(OUT)/runner/canvas/font.o: runner/canvas/font.S $(OUT)/flags $(wildcard $(FONTS)/DejaVuSans.ttf)
	@mkdir -p $(@D)
	$(call say,CC )$(CC) -DFONT_FILE='"$(FONTS)/DejaVuSans.ttf"' -c -o $@ $<

# Changes when the compiler or its flags do, and so rebuilds every object; it also looks for what a build needs.
$(OUT)/flags: FORCE
	@.ci/needs $(CC) $(NEEDS)
	@mkdir -p $(@D)
	@{ $(CC) --version | head -n 1; echo '$(subst ','\'',$(CPPFLAGS) $(CFLAGS))'; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(SUPPORT) $(LIB)
	$(call say,LD )$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS) -lcmocka

$(OUT)/tests/fuzz/%: $(OUT)/tests/fuzz/%.o $(OUT)/tests/fuzz/scratch.o $(LIB)
	$(call say,LD )$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS)

deps: ## install the packages that are missing (DEPS="build test report check")
	@.ci/deps $(foreach group,$(DEPS),$(or $(PACKAGES_$(group)),$(error DEPS: there is no group "$(group)"; the groups are build, test, report, check)))

data: ## fetch and verify the data sets
	@runner/data/fetch.sh

unit: $(TESTS) ## build the unit tests of this MODE, without running them

test: ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory deps DEPS="build test"
	+@$(SUBMAKE) all unit $(OUT)/mayvae-fma
	+@$(SUBMAKE) MODE=dbl unit
	@$(MAKE) --no-print-directory data
	@MAYVAE=./mayvae MAYVAE_OTHERS=$(OUT)/mayvae-fma tests/run.sh $$($(MAKE) -s --no-print-directory list-tests) $$($(MAKE) -s --no-print-directory MODE=dbl list-tests) $(sort $(wildcard tests/e2e/test_*.sh))

list-tests:
	@echo $(TESTS)

report: ## build report/report.pdf from results/ (RESULTS=, REPORT=)
	@report/build.sh "$(RESULTS)" "$(or $(REPORT),report/report.pdf)"

ifeq ($(PROFILE),)
reproduce: ## everything: packages, program, data, runs, figures, report (PROFILE=quick: small, under build/quick)
	@$(MAKE) --no-print-directory deps
	+@$(SUBMAKE) all data
	./mayvae plan
	./mayvae run
	@$(MAKE) --no-print-directory report
	@tests/identical.sh results
else
reproduce:
	@$(MAKE) --no-print-directory deps
	+@$(SUBMAKE) all data
	./mayvae plan --profile $(PROFILE) --results build/$(PROFILE)/results
	./mayvae run --profile $(PROFILE) --results build/$(PROFILE)/results
	@$(MAKE) --no-print-directory report RESULTS=build/$(PROFILE)/results REPORT=build/$(PROFILE)/report.pdf
endif

bench: all ## time a training step of each model, beside PyTorch where it is installed
	@tests/bench/compare.sh ./mayvae

lint: ## layering, formatting, static analysis, sizes, and a build with clang
	+@status=0; \
	tests/lint/house.sh || status=1; \
	tests/lint/layers.sh || status=1; \
	$(SUBMAKE) CC=clang MODE=rel objects || status=1; \
	tests/lint/tools.sh || status=1; \
	exit $$status

objects: $(OBJECTS) $(OUT)/runner/cli/main.o

format: ## put every C file into the layout of .clang-format
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

fuzz: ## run each parser on broken input for FUZZ_SECONDS (needs clang)
	+@$(SUBMAKE) CC=clang MODE=fuzz OUT=build/fuzz fuzzers
	@tests/fuzz/run.sh $(FUZZ_SECONDS) build/fuzz/tests/fuzz

fuzzers: $(FUZZERS)

coverage: ## line coverage of the unit tests, build/coverage/index.html
	+@$(SUBMAKE) MODE=cov unit
	@find build/cov -name '*.gcda' -delete
	@tests/run.sh $$($(MAKE) -s --no-print-directory MODE=cov list-tests)
	@mkdir -p build/coverage
	@gcovr --root . --object-directory build/cov --filter nn/ --filter runner/ --html-details build/coverage/index.html --print-summary build/cov

install: all ## install the program, the experiments and what fetches data under PREFIX (/usr/local)
	install -D -m 755 $(BIN) "$(DESTDIR)$(PREFIX)/bin/mayvae"
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/mayvae/experiments" experiments/*.yaml
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/mayvae/experiments/profiles" experiments/profiles/*.yaml
	install -D -m 755 -t "$(DESTDIR)$(PREFIX)/share/mayvae/runner/data" runner/data/fetch.sh
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/doc/mayvae" README.md LICENSE

clean: ## remove all under build/, with what runs with -o or --profile left there (results/ and data stay)
	rm -rf build mayvae report/report.pdf

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

FORCE:
.PHONY: FORCE all deps data unit test list-tests report reproduce bench lint objects format fuzz fuzzers coverage install clean help
-include $(shell [ ! -d $(OUT) ] || find $(OUT) -name '*.d')
