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

.PHONY: beacons
beacons: all $(LAB_GEN) ## HTTP beacons in mixed networks: found, missed, false alarms; ARGS="--grid", ... (tests/lab/beacons.py)
	@METSUKE_BUILD=$(BUILD) python3 tests/lab/beacons.py $(ARGS)

# The default model: clean hosts, of a seed that nothing else uses. The same bytes each time.
BASELINE := mixed -n 100 -b 0 -t 72 -s 7001 --light

.PHONY: baseline
baseline: all $(LAB_GEN) ## share/baseline.json anew: metsuke train over the lab's clean hosts
	@mkdir -p $(BUILD)/lab
	$(Q)$(LAB_GEN) $(BASELINE) $(BUILD)/lab/baseline.pcap
	$(Q)$(BUILD)/metsuke train -c /dev/null -N "labgen $(BASELINE)" -w share/baseline.json $(BUILD)/lab/baseline.pcap
	@rm -f $(BUILD)/lab/baseline.pcap*

.PHONY: evaluate-lab
evaluate-lab: all $(LAB_GEN) ## the tables of docs/evaluation.md: seeds that nothing was chosen by
	@METSUKE_BUILD=$(BUILD) tests/lab/evaluate.sh
