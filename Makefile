# mayvae: `make help` lists the targets.
MODE ?= rel
CC = gcc
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

OUT := build/$(MODE)$(if $(filter clang%,$(notdir $(CC))),-clang)
BIN := $(if $(filter build/rel,$(OUT)),mayvae,$(OUT)/mayvae)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Werror
CFLAGS_rel = -O3 -g
CFLAGS_san = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_dbl = -O2 -g -DMAYVAE_DOUBLE
CPPFLAGS = -I. -D_GNU_SOURCE -MMD -MP
# No contraction and no reassociation: the same bits from every compiler.
CFLAGS = -std=c11 -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread $(WARN) $(CFLAGS_$(MODE))
LDFLAGS = -pthread $(if $(filter san,$(MODE)),-fsanitize=address$(,)undefined)
, := ,
LDLIBS = -lyaml -lcsv -lz -ljansson -lnettle $(if $(filter-out dbl,$(MODE)),-lopenblas) -lm

FONTS = /usr/share/fonts/truetype/dejavu
NAIVE := $(wildcard nn/kernel/naive/*.c)
MAIN := runner/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard nn/*/*.c runner/*/*.c))
ifeq ($(MODE),dbl)
SOURCES := $(filter-out nn/kernel/openblas.c,$(SOURCES)) $(NAIVE)
endif
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
LIB := $(OUT)/libmayvae.a

TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/unit/%,$(wildcard tests/unit/test_*.c))
SUPPORT := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/support/*.c) $(if $(filter-out dbl,$(MODE)),$(NAIVE)))

all: $(BIN)

$(BIN): $(OUT)/runner/cli/main.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(SUPPORT) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS) -lcmocka

unit: $(TESTS)

clean:
	rm -rf build mayvae

.PHONY: all unit clean
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
