# metsuke: build, check, install. `make help` explains the targets.

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
IFACE ?=
V ?= 0

CC ?= cc
CLANG ?= $(firstword $(foreach n,-19 -18 -17 -16 -15 -14 ,$(if $(shell command -v clang$(n) 2>/dev/null),clang$(n))) clang)
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
Q := $(if $(filter 1,$(V)),,@)

PKGS := libbpf jansson yaml-0.1 libpsl libidn2 openssl libpcap libxxhash libmnl libcap-ng zlib sqlite3 libmaxminddb
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wno-missing-field-initializers $(if $(CI),-Werror)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) -D_GNU_SOURCE -DMETSUKE_VERSION='"$(VERSION)"' \
	-Iinclude -Iuser $(PKG_CFLAGS) -MMD -MP
ARCH_INCLUDE := $(firstword $(wildcard /usr/include/$(shell uname -m)-linux-gnu /usr/include))
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Werror -Iinclude -Ibpf -I$(ARCH_INCLUDE) -MMD -MP
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lsvm -lelf -lpthread -lm

BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
USER_SRC := $(filter-out user/main.c,$(wildcard user/*.c user/*/*.c))
USER_OBJ := $(USER_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/bpf_objects.o $(BUILD)/obj/baseline.o $(BUILD)/obj/builtin.o

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help deps need-libs run demo test check check-bpf check-net test-kernels fuzz lint lint-cppcheck lint-tidy format verifier-budget \
	bench install clean

all: $(BUILD)/metsuke

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what build, run and tests need (root; Debian and Ubuntu)
	tools/deps.sh

need-libs:
	@for p in $(PKGS); do $(PKG_CONFIG) --exists $$p 2>/dev/null || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		echo "libraries not found by $(PKG_CONFIG):$$missing; run: sudo make deps" >&2; exit 1; fi
	@echo '#include <libsvm/svm.h>' | $(CC) $(CPPFLAGS) $(CFLAGS) -E -x c - >/dev/null 2>&1 || { \
		echo "libsvm's header (libsvm/svm.h) not found; run: sudo make deps" >&2; exit 1; }
	@command -v $(CLANG) >/dev/null || { echo "clang not found (14 to 19 all work); run: sudo make deps" >&2; exit 1; }

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# The objects travel inside the program: nothing else has to be found at run time.
$(BUILD)/obj/bpf_objects.o: $(BPF_OBJ) user/capture/bpf_objects.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c -Wa,-I$(BUILD)/bpf user/capture/bpf_objects.S -o $@

$(BUILD)/obj/baseline.o: share/baseline.json user/detect/baseline.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c user/detect/baseline.S -o $@

$(BUILD)/obj/builtin.o: share/updates.txt share/shared.txt user/detect/builtin.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c user/detect/builtin.S -o $@

$(BUILD)/obj/%.o: %.c | need-libs
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/metsuke: $(BUILD)/obj/user/main.o $(USER_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LIBS)

run: ## install what is missing, build, watch the default interface (root); IFACE=lo for another
	@tools/deps.sh run
	@$(MAKE) --no-print-directory all
	@$(BUILD)/metsuke run $(if $(IFACE),-i $(IFACE))

demo: ## half a minute of a small network with a bot in it, and the alerts that name it (root)
	@tools/deps.sh test
	@$(MAKE) --no-print-directory all
	@METSUKE_BUILD=$(BUILD) python3 tests/lab/demo.py

test: ## install what is missing, run every test (root)
	@tools/deps.sh test
	@$(MAKE) --no-print-directory all
	@tests/run.sh

clean: ## remove everything that was built
	rm -rf $(BUILD)

install: all ## install below PREFIX (default /usr/local), DESTDIR in front
	install -Dm755 $(BUILD)/metsuke $(DESTDIR)$(PREFIX)/sbin/metsuke

LINT_SRC := user/main.c $(USER_SRC)
LINT_NODES ?= 50000 # how far the analyzer goes into a function; its own default is 225000

lint: lint-cppcheck lint-tidy ## cppcheck and clang-tidy over the sources

lint-cppcheck:
	$(Q)cppcheck -j 2 --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=unknownMacro -D__x86_64__ -DMETSUKE_VERSION='""' \
		-Iinclude -Iuser user

lint-tidy:
	$(Q)printf '%s\n' $(LINT_SRC) | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- -std=gnu11 -D_GNU_SOURCE \
		-DMETSUKE_VERSION=\"\" -Iinclude -Iuser -Xclang -analyzer-config -Xclang max-nodes=$(strip $(LINT_NODES)) \
		$(PKG_CFLAGS) 2>/dev/null' sh

format: ## how the sources would look formatted: prints the differences
	@for f in $$(git ls-files '*.c' '*.h'); do clang-format $$f | diff -u --label $$f $$f - ; done; true

include tests/tests.mk
-include tools/bench/bench.mk

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
