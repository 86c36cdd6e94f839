# tests.mk: building the tests and the targets that run them. Included by the Makefile.

FUZZ_SECONDS ?= 60
BUDGET ?= 350000

TEST_CFLAGS = $(ALL_CFLAGS) -Itests -DBPF_DIR='"$(BUILD)/bpf"'
TEST_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/*.c))

# What parses and decodes, and what checks it, with sanitizers; a clang that has their runtime.
SAN_CC ?= $(firstword $(foreach n,19 18 17 16 15 14,\
	$(if $(wildcard /usr/lib/llvm-$(n)/lib/clang/*/lib/linux/libclang_rt.fuzzer-*),clang-$(n))) clang)
SAN_FLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
SAN_SRC := user/capture/native.c user/capture/mapped.c $(wildcard user/profile/*.c $(addprefix user/,detect/allow.c detect/kdtree.c detect/lof.c \
	detect/model.c detect/ocsvm.c detect/odv.c detect/scaling.c detect/table.c evaluate/labels.c intel/date.c intel/indicators.c intel/lines.c intel/popular.c intel/suffix.c observe/decode.c observe/domain.c \
	observe/heads.c observe/name.c observe/networks.c observe/prefix_build.c observe/prefix_mmdb.c observe/prefix_text.c \
	observe/prefixes.c observe/rdata.c support/buf.c support/hash.c support/ip.c support/log.c support/utf8.c)) \
	$(filter-out tests/testrun.c,$(wildcard tests/*.c))
SAN_OBJ := $(SAN_SRC:%.c=$(BUILD)/san/%.o) $(BUILD)/obj/baseline.o
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

test-programs = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/$(1)/test_*.c))

include $(wildcard tests/*/*.mk)

.PHONY: fuzz-corpus $(addprefix build-tests-,lint unit parse fuzz replay bpf net kernels)

$(foreach suite,lint unit replay bpf net kernels,$(eval build-tests-$(suite): $(call test-programs,$(suite)) $(BPF_OBJ)))
build-tests-bpf: $(BUILD)/tests/verifier-budget
build-tests-parse: $(call test-programs,parse)
build-tests-fuzz: $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/test_fuzz_%)

$(BUILD)/obj/tests/%.o: tests/%.c | need-libs
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(TEST_CFLAGS) -c $< -o $@

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(TEST_OBJ) $(USER_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LIBS) -lcmocka

$(BUILD)/san/%.o: %.c | need-libs
	@mkdir -p $(@D)
	@echo "  SAN   $<"
	$(Q)$(SAN_CC) $(TEST_CFLAGS) $(SAN_FLAGS) -fsanitize=fuzzer-no-link -c $< -o $@

$(BUILD)/tests/parse/%: $(BUILD)/san/tests/parse/%.o $(SAN_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(SAN_CC) $(SAN_FLAGS) $^ -o $@ $(LIBS)

$(BUILD)/tests/fuzz/test_%: $(BUILD)/san/tests/fuzz/%.o $(BUILD)/san/tests/fuzz/replay.o $(SAN_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(SAN_CC) $(SAN_FLAGS) $^ -o $@ $(LIBS)

$(BUILD)/tests/fuzz/make_corpus: $(BUILD)/san/tests/fuzz/make_corpus.o $(SAN_OBJ)
	@mkdir -p $(@D)
	$(Q)$(SAN_CC) $(SAN_FLAGS) $^ -o $@ $(LIBS)

$(BUILD)/fuzz/%: $(BUILD)/san/tests/fuzz/%.o $(SAN_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(SAN_CC) $(SAN_FLAGS) -fsanitize=fuzzer $^ -o $@ $(LIBS)

fuzz: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%) ## every fuzzer for FUZZ_SECONDS (default 60); crashes join the corpus
	@for t in $(FUZZ_TARGETS); do \
		mkdir -p $(BUILD)/fuzz/corpus/$$t && \
		$(BUILD)/fuzz/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -max_len=9000 -print_final_stats=1 \
			-artifact_prefix=tests/fuzz/corpus/$$t/ $(BUILD)/fuzz/corpus/$$t tests/fuzz/corpus/$$t || exit 1; \
	done

fuzz-corpus: $(BUILD)/tests/fuzz/make_corpus ## write the fuzzers' seeds again
	@mkdir -p $(FUZZ_TARGETS:%=tests/fuzz/corpus/%)
	$(Q)$< tests/fuzz/corpus

verifier-budget: $(BUILD)/tests/verifier-budget $(BPF_OBJ) ## verified instructions, BUDGET at most (root)
	@$< $(BUDGET) $(BPF_OBJ)

check: all ## tests that need no privilege
	@tests/run.sh unit parse fuzz replay

check-bpf: all ## the loaded programs through the kernel's test-run (root)
	@tests/run.sh bpf

check-net: all ## real servers and clients in network namespaces (root)
	@tests/run.sh net
