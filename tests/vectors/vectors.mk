# vectors.mk: the program that tries test vectors on the sensor's own functions. Included by tests.mk.

VECTORS ?= $(firstword $(wildcard ../shared/vectors) tests/vectors/data)
VECTOR_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/vectors/*.c))

$(BUILD)/tests/vectors: $(VECTOR_OBJ) $(USER_OBJ)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $^ -o $@ $(LIBS)

build-tests-unit: $(BUILD)/tests/vectors

.PHONY: vectors
vectors: $(BUILD)/tests/vectors ## test vectors of the detectors; VECTORS=DIR for others
	@$< $(VECTORS)
