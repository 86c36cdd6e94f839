# lab.mk: the first paper's two experiments. Included by tests.mk.

LAB_GEN := $(BUILD)/lab/labgen
LAB_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/lab/gen/*.c)) $(BUILD)/obj/tests/packets.o

$(LAB_GEN): $(LAB_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LIBS)

build-tests-replay build-tests-net: $(LAB_GEN) $(BUILD)/metsuke

.PHONY: lab
lab: ## the first paper's experiments: 15 bots, 20 benign hosts for a day; as root live, too; FULL=1: 300 of each
	@[ "$$(id -u)" != 0 ] || tools/deps.sh test
	@$(MAKE) -s --no-print-directory all $(LAB_GEN)
	@METSUKE_BUILD=$(BUILD) FULL=$(FULL) python3 tests/lab/experiments.py
