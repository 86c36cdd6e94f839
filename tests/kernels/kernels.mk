# kernels.mk: the kernels of tests/kernels/list, booted in qemu. Included by tests.mk.

KERNEL_TESTS := $(BUILD)/tests/verifier-budget $(if $(wildcard tests/bpf/test_testrun.c),$(BUILD)/tests/bpf/test_testrun)

$(BUILD)/tests/verifier-budget: tools/verifier-budget.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $< -o $@ $(LIBS)

test-kernels: $(BPF_OBJ) $(KERNEL_TESTS) ## packets and loading on other kernels, in qemu (no root once fetched)
	@METSUKE_BUILD=$(BUILD) tests/run.sh kernels
