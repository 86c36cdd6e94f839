# kernels.mk: the kernels of tests/kernels/list, booted in qemu. Included by tests.mk.

$(BUILD)/tests/verifier-budget: tools/verifier-budget.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< -o $@ $(LIBS)

$(BUILD)/tests/peer: tests/kernels/peer.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< -o $@

build-tests-kernels: $(BUILD)/metsuke $(BUILD)/tests/peer $(BUILD)/tests/verifier-budget \
	$(BUILD)/tests/bpf/test_testrun $(BUILD)/tests/bpf/test_listed \
	$(BPF_OBJ)

test-kernels: ## packets and loading on other kernels, in qemu (a fetched kernel needs no root)
	@METSUKE_BUILD=$(BUILD) tests/run.sh kernels
