# bench.mk: `make bench`. Included by the Makefile.

BENCH_DIR := $(BUILD)/bench
BENCH_PROGRAMS := $(addprefix $(BENCH_DIR)/,testrun names gencap pipeline flood prefixes outliers detect profile store)
BENCH_CFLAGS = $(ALL_CFLAGS) -Itests

$(BUILD)/obj/tools/bench/%.o: tools/bench/%.c | need-libs
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BENCH_CFLAGS) -c $< -o $@

$(BENCH_DIR)/bench.bpf.o: tools/bench/bench.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BENCH_PROGRAMS): $(BENCH_DIR)/%: $(BUILD)/obj/tools/bench/%.o $(BUILD)/obj/tests/packets.o $(USER_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LIBS)

bench: all $(BENCH_PROGRAMS) $(BENCH_DIR)/bench.bpf.o ## what a packet costs, as ratios (root); PART="replay live": those parts; FULL=1: larger
	@BUILD=$(BUILD) FULL=$(FULL) tools/bench/run.py $(PART)
